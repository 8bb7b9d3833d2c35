#pragma once
// A data set that a flag names, for commands that measure networks without a recipe.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/foreign_flags.h"
#include "data/dataset.h"
#include "models/model.h"

namespace limbeck {

/// `source` as in a recipe: mnist, or {digits: {seed: 1}}; `data`: the folder to look in, empty: the usual places.
/// Throws DiagnosticsError where it is no data set.
std::unique_ptr<Dataset> load_source(const std::string& source, const std::string& data);

/// The data set of a recipe, as load_source takes it.
std::string data_source_of(const fs::path& recipe);

/// `given`, or the data of the run that the model's file lies in. Throws Error of kind usage, which begins with `need`,
/// where there is neither.
std::string source_for(const std::string& given, const std::string& model_file, const std::string& need);

/// What a TorchScript file that does not say what it was made for is taken to be for: this data, its pixels treated
/// first as `input` says, as in a recipe; empty: as they are.
ModelDescription made_for(const Dataset& dataset, const std::string& input);

/// What the flags say that a model of elsewhere is for; nullopt where no flag says a shape. Throws Error of kind usage
/// where what is said makes none.
std::optional<ModelDescription> description_of(const ForeignFlags& flags);

}  // namespace limbeck

#pragma once
// Datasets named by flags, for commands that evaluate networks without a recipe.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/foreign_flags.h"
#include "limbeck/dataset.h"
#include "models/model.h"

namespace limbeck {

/// Loads a dataset. `source` as in a recipe: mnist, or {digits: {seed: 1}}; `data`: data folder, empty: the default
/// locations. Throws DiagnosticsError if the source is invalid.
std::unique_ptr<Dataset> load_source(const std::string& source, const std::string& data);

/// Returns the dataset of a recipe in the form that load_source accepts.
std::string data_source_of(const fs::path& recipe);

/// Returns `given`, or the dataset of the run that contains the model's file. Throws Error of kind usage, beginning
/// with `need`, if there is neither.
std::string source_for(const std::string& given, const std::string& model_file, const std::string& need);

/// Returns the description of a TorchScript file without metadata: for this dataset, with the preprocessing `input` as
/// in a recipe; empty: none.
ModelDescription made_for(const Dataset& dataset, const std::string& input);

/// Returns the description of a foreign model as given by the flags; nullopt if no shape is given. Throws Error of kind
/// usage if the flags are invalid.
std::optional<ModelDescription> description_of(const ForeignFlags& flags);

}  // namespace limbeck

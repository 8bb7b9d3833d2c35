#pragma once
// Parses the sections `paper` and `plots`, after all stages are known.
#include "recipe/reader.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Whether the recipe has the stage; reports a mistake if not.
bool check_stage(const Recipe& recipe, const std::string& name, const SourceLocation& where, const std::string& path,
                 ReadContext& context);

/// `paper: { distilled: { errors: 74, class_errors: { 3: 14 } } }`
void read_paper(const Value& value, Recipe& recipe, ReadContext& context);

/// `plots: [ { title: …, x: epoch, lines: { … } } ]`, see PlotRecipe.
void read_plots(const Value& value, Recipe& recipe, ReadContext& context);

}  // namespace limbeck

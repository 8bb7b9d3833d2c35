// The keys of a recipe, told by the functions that read them.
#include "recipe/recipe.h"

namespace limbeck {
namespace {

template <class Part>
RecipeSection section(const char* name, const char* where, const char* summary) {
  OptionsOf<Part> part;
  return {name, where, summary, describe_fields(part)};
}

/// A kind of stage whose options stand beside its key has that key, the stage's name and its other options.
std::vector<FieldDescription> keys_beside(const ComponentInfo& kind, const std::vector<FieldDescription>& options) {
  std::vector<FieldDescription> keys = {{"name", "text", "", "", "name of the stage; later stages refer to it"}};
  for (FieldDescription option : options) {
    if (option.name == kind.principal) option = {kind.name, kind.form, "", "", option.meaning};
    keys.push_back(std::move(option));
  }
  return keys;
}

RecipeSection section_of(const Component& component) {
  const ComponentInfo& kind = component.info();
  const std::vector<FieldDescription> options = describe_fields(*component.default_options());
  if (kind.beside) return {kind.name, "stages[] with " + kind.name, kind.summary, keys_beside(kind, options)};
  return {kind.name, "stages[]." + kind.name, kind.summary, options};
}

/// The keys of a stage, and those of the kinds.
RecipeSection stage_section(const Catalogue& catalogue) {
  RecipeSection stages = section<StageRecipe>("stages", "stages[]", "A stage that trains a network.");
  for (const auto& component : catalogue.components(Slot::stage)) {
    const ComponentInfo& kind = component->info();
    stages.keys.push_back({kind.name, kind.form, kind.standard, "", kind.meaning});
  }
  return stages;
}

}  // namespace

std::vector<RecipeSection> recipe_sections(const Catalogue& catalogue) {
  std::vector<RecipeSection> sections = {
      section<Recipe>("recipe", "", "The whole recipe."),
      section<DataRecipe>("data", "data", "The data set: its source, validation split, augmentation, normalization."),
      section<NetworkRecipe>("networks", "networks.NAME", "Keys that a network may have beside its architecture."),
      stage_section(catalogue),
      section<LossTermRecipe>("loss", "stages[].loss[].LOSS", "A key that every loss has beside its own options."),
      section<WeightRecipe>("weight", "stages[].loss[].LOSS.weight", "A weight that changes over the first epochs."),
      section<ExamplesRecipe>(
          "examples", "stages[].examples",
          "The transfer set: which training examples are used, and which keep their labels; also `data.examples`."),
      section<StopRecipe>("stop", "stages[].stop",
                          "Early stopping, and other ways to end a stage before its last epoch."),
  };
  for (const auto& kind : catalogue.components(Slot::stage)) sections.push_back(section_of(*kind));
  sections.push_back(
      section<InputRecipe>("input", "networks.NAME.input", "Resizing and normalization of a network's input."));
  sections.push_back(section<ChannelStatistics>("normalize", "data.normalize",
                                                "Normalization for all networks that have no `input` of their own."));
  sections.push_back(section<PaperRecipe>("paper", "paper.STAGE",
                                          "Published numbers of a stage, which the report sets beside this run's."));
  sections.push_back(section<PlotRecipe>("plots", "plots[]", "A chart of the report."));
  return sections;
}

}  // namespace limbeck

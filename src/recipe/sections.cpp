// The keys of a recipe, told by the functions that read them.
#include "recipe/recipe.h"

namespace limbeck {
namespace {

template <class Part>
RecipeSection section(const char* name, const char* where, const char* summary) {
  OptionsOf<Part> part;
  return {name, where, summary, describe_fields(part)};
}

/// A stage with `calibrate` has that key, its name and what follows, and no other.
RecipeSection calibration_section() {
  struct Keys : CalibrationRecipe {
    void bind(Fields& fields) {
      fields.part("name", "text", "", "by which later stages refer to it");
      fields.part("calibrate", "stage", "", "the earlier stage whose network is calibrated");
      CalibrationRecipe::bind(fields);
    }
  };
  return section<Keys>("calibrate", "stages[] with calibrate",
                       "A stage that trains nothing, but adds one number to the output biases of some classes.");
}

}  // namespace

const std::vector<RecipeSection>& recipe_sections() {
  static const std::vector<RecipeSection> kSections = {
      section<Recipe>("recipe", "", "The whole recipe."),
      section<DataRecipe>("data", "data", "What is learned from."),
      section<NetworkRecipe>("networks", "networks.NAME", "What may stand beside a network's architecture."),
      section<StageRecipe>("stages", "stages[]", "A stage that trains a network."),
      section<LossTermRecipe>("loss", "stages[].loss[].LOSS", "What may stand among the options of any loss."),
      section<WeightRecipe>("weight", "stages[].loss[].LOSS.weight", "A weight that changes over the first epochs."),
      section<ExamplesRecipe>("examples", "stages[].examples",
                              "Which training examples are seen, and which keep their labels; also data.examples."),
      section<StopRecipe>("stop", "stages[].stop", "When a stage ends before its last epoch."),
      section<ReplicasRecipe>("replicas", "stages[].replicas", "Several networks from one stage, and their ensemble."),
      section<SpecialistsRecipe>("specialists", "stages[].specialists",
                                 "Networks for groups of classes that a generalist confuses."),
      section<QuantizeRecipe>("quantize", "stages[].quantize", "Weights and activations in bytes."),
      calibration_section(),
      section<InputRecipe>("input", "networks.NAME.input", "What a network does to pixels first."),
      section<ChannelStatistics>("normalize", "data.normalize",
                                 "The same for all networks that say nothing of their own."),
      section<PaperRecipe>("paper", "paper.STAGE", "A paper's numbers, which are set beside ours."),
      section<PlotRecipe>("plots", "plots[]", "A chart of the report."),
  };
  return kSections;
}

}  // namespace limbeck

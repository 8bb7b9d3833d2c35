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
      fields.part("name", "text", "", "name of the stage; later stages refer to it");
      fields.part("calibrate", "stage", "", "the earlier stage whose network is calibrated");
      CalibrationRecipe::bind(fields);
    }
  };
  return section<Keys>(
      "calibrate", "stages[] with calibrate",
      "A stage that trains nothing, but adds one number to the output biases of some classes of an earlier network.");
}

}  // namespace

const std::vector<RecipeSection>& recipe_sections() {
  static const std::vector<RecipeSection> kSections = {
      section<Recipe>("recipe", "", "The whole recipe."),
      section<DataRecipe>("data", "data", "The data set: its source, validation split, augmentation, normalization."),
      section<NetworkRecipe>("networks", "networks.NAME", "Keys that a network may have beside its architecture."),
      section<StageRecipe>("stages", "stages[]", "A stage that trains a network."),
      section<LossTermRecipe>("loss", "stages[].loss[].LOSS", "A key that every loss has beside its own options."),
      section<WeightRecipe>("weight", "stages[].loss[].LOSS.weight", "A weight that changes over the first epochs."),
      section<ExamplesRecipe>(
          "examples", "stages[].examples",
          "The transfer set: which training examples are used, and which keep their labels; also `data.examples`."),
      section<StopRecipe>("stop", "stages[].stop",
                          "Early stopping, and other ways to end a stage before its last epoch."),
      section<ReplicasRecipe>("replicas", "stages[].replicas", "An ensemble: several networks from one stage."),
      section<SpecialistsRecipe>("specialists", "stages[].specialists",
                                 "Networks for groups of classes that a generalist confuses."),
      section<QuantizeRecipe>(
          "quantize", "stages[].quantize",
          "Post-training int8 quantization of weights and activations, and quantization-aware fine-tuning."),
      calibration_section(),
      section<InputRecipe>("input", "networks.NAME.input", "Resizing and normalization of a network's input."),
      section<ChannelStatistics>("normalize", "data.normalize",
                                 "Normalization for all networks that have no `input` of their own."),
      section<PaperRecipe>("paper", "paper.STAGE",
                           "Published numbers of a stage, which the report sets beside this run's."),
      section<PlotRecipe>("plots", "plots[]", "A chart of the report."),
  };
  return kSections;
}

}  // namespace limbeck

// Bias calibration of a student that never saw a class (Hinton, Vinyals, Dean 2015, section 3): nothing is trained, one
// number is added to the output biases of some classes of an earlier stage's network.
//
//   { name: calibrated, calibrate: distilled, classes: [3], tuned_on: validation }
#include <cmath>

#include "experiment/stage.h"
#include "experiment/stage_entry.h"
#include "experiment/stage_networks.h"
#include "nn/fold.h"
#include "nn/weights.h"
#include "recipe/stage_options.h"
#include "results/stage_parts.h"
#include "train/calibration.h"
#include "train/evaluation.h"

namespace limbeck {
namespace {

struct CalibrateOptions : StageOptions {
  enum class Split { validation, test };
  std::string of;
  std::vector<int64_t> classes;  ///< whose biases get the number
  Split tuned_on = Split::validation;

  void bind(Fields& fields) {
    fields.text("of", of, "the earlier stage whose network is calibrated");
    fields.integers("classes", classes, at_least(0), {.least = 1, .distinct = true},
                    "the classes to whose output biases the number is added");
    fields.choice<Split>(
        "tuned_on", tuned_on, {{"validation", Split::validation}, {"test", Split::test}},
        "split on which the number is tuned for fewest errors; test is what Hinton et al. did, and is no fair measure");
  }

  StageForm form() const override { return {.trains = false, .source = of, .classes = classes}; }

  /// Network, teacher and examples are those of the stage that is calibrated.
  void check(StageRecipe& stage, StageCheck& check) const override {
    if (tuned_on == Split::validation) check.require_validation("calibration");
    if (of.empty()) return;  // could not be read
    const StageRecipe* source = check.recipe().stage(of);
    if (source == nullptr) {
      check.require_stage("", of);
      return;
    }
    const StageForm form = source->form();
    if (form.members > 0)
      check.mistake("", fmt::format("'{}' is an ensemble; one network can be calibrated", source->name));
    if (form.quantized)
      check.mistake("", fmt::format("'{}' is quantized; calibrate '{}' before", source->name, form.source));
    stage.network = source->network;
    stage.teacher = source->teacher;
    stage.examples = source->examples;
    stage.teachers = stage.inputs = source->teachers;
    stage.inputs.push_back(source->name);
  }
};

class CalibrateStage : public StageKind {
 public:
  explicit CalibrateStage(const CalibrateOptions& options) : options_(options) {}

  void check(const RunContext& run, const StageRecipe& stage) const override {
    require_graph(run, stage, "only the biases of networks that this program knows by name can be calibrated");
    const auto count = static_cast<int64_t>(run.dataset().classes.size());
    for (const int64_t label : options_.classes)
      if (label >= count)
        throw Error(ErrorKind::usage,
                    fmt::format("class {} does not exist; there are the classes 0 to {}", label, count - 1));
    if (static_cast<int64_t>(options_.classes.size()) == count)
      throw Error(ErrorKind::usage, "a number added to the biases of all classes changes nothing");
  }

  StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string&,
                   const std::vector<StageResult>&) const override {
    const auto network =
        std::dynamic_pointer_cast<GraphNetwork>(run.networks.make(run.network_of(stage), run.seed_of(stage)));
    if (network == nullptr)
      throw Error(fmt::format("the network '{}' has no biases that are known by name", stage.network));
    load_state(*network, state_of(*run.networks.network(options_.of)), fmt::format("stage '{}'", options_.of));
    network->to(run.device);
    const bool on_test = options_.tuned_on == CalibrateOptions::Split::test;
    const ExampleSet& examples = on_test ? run.data.test() : run.data.validation();
    const BiasCalibration found =
        calibrate_bias(predict_logits(*network, examples), examples.labels(), options_.classes);
    shift_output_bias(*network, options_.classes, found.offset);
    save_weights(run, stage, {network});

    StageResult entry = entry_of(run, stage, *network);
    CalibrationPart part;
    part.of = options_.of;
    for (const int64_t label : options_.classes)
      part.classes.push_back(run.dataset().classes[static_cast<size_t>(label)]);
    part.offset = found.offset;
    part.tuned_on = examples.name();
    part.examples = examples.size();
    part.errors_before = found.errors_before;
    part.errors_after = std::llround(*entry.number(examples.name(), keys::kErrors));
    entry.parts.add(std::move(part));
    return {.network = network, .entry = std::move(entry), .notice = ""};
  }

  std::shared_ptr<Network> load(RunContext& run, const StageRecipe& stage, const Json&) const override {
    return load_stage_network(run, stage);
  }

 private:
  CalibrateOptions options_;
};

}  // namespace

void register_calibrate(Catalogue& catalogue) {
  catalogue.add<StageKind, CalibrateOptions>(
      Slot::stage,
      {.name = "calibrate",
       .summary = "A stage that trains nothing, but adds one number to the output biases of some classes of an earlier "
                  "network.",
       .source = "Hinton, Vinyals, Dean 2015, section 3",
       .principal = "of",
       .form = "stage",
       .standard = "none",
       .meaning = "train nothing, but add a number to output biases of an earlier stage's network; such a stage has "
                  "keys of its own",
       .beside = true},
      [](const CalibrateOptions& options) { return std::make_unique<CalibrateStage>(options); });
}

}  // namespace limbeck

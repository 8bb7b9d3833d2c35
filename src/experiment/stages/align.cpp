// Forced alignment of recordings: the network is trained in rounds, and after each the frames get the labels that it
// gives them, along the most probable way through the words that were said. Later stages learn the last labels.
//
//   align: 3
#include "experiment/stage_training.h"
#include "experiment/training_stage.h"
#include "recipe/stage_options.h"
#include "results/stage_parts.h"

namespace limbeck {
namespace {

struct AlignOptions : StageOptions {
  int64_t rounds = 1;

  void bind(Fields& fields) {
    fields.integer("rounds", rounds, between(1, 100), "of training, each with the labels of the one before");
  }
  StageForm form() const override { return {.rounds = rounds, .relabels = true}; }
  void check(StageRecipe&, StageCheck&) const override {}
};

class AlignStage : public TrainingStage {
 public:
  explicit AlignStage(const AlignOptions& options) : options_(options) {}

  void check(const RunContext& run, const StageRecipe& stage) const override {
    if (run.dataset().speech == nullptr)
      throw Error(ErrorKind::usage, fmt::format("'align' is of recordings; '{}' has none", run.dataset().name));
    TrainingStage::check(run, stage);
  }

  std::vector<StageRecipe> parts(const StageRecipe& stage) const override {
    std::vector<StageRecipe> earlier;
    for (int64_t round = 1; round < options_.rounds; ++round) {
      StageRecipe one = stage;
      one.name = part_name(stage.name, round);
      one.kind.options = std::make_shared<OptionsOf<AlignOptions>>(AlignOptions());
      earlier.push_back(std::move(one));
    }
    return earlier;
  }

  StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                   const std::vector<StageResult>& parts) const override {
    StageOutcome outcome = TrainingStage::run(run, stage, fingerprint, parts);
    const FrameLabels& before = run.data.labels();
    const FrameLabels labels = align_frames(run.dataset(), before, *outcome.network, run.device);
    save_labels(run.folder_of(stage).labels(), labels, run.dataset());
    AlignmentPart part;
    part.rounds = options_.rounds;
    part.changed = changed_labels(before, labels);
    run.events.emit(Notice{fmt::format(
        "{}: aligned again, {:.1f} % of the training frames and {:.1f} % of the test frames have another state",
        stage.name, 100 * *part.changed.find(keys::kTrain), 100 * *part.changed.find(keys::kTest))});
    outcome.entry.parts.add(part);
    return outcome;
  }

  void conclude(RunContext& run, const StageRecipe& stage) const override {
    run.data.show_labels(load_labels(run.folder_of(stage).labels(), run.dataset()));
  }

 private:
  AlignOptions options_;
};

}  // namespace

void register_align(Catalogue& catalogue) {
  catalogue.add<StageKind, AlignOptions>(
      Slot::stage,
      {.name = "align",
       .summary = "Rounds of training of recordings, each with labels that the network before gives their frames.",
       .principal = "rounds",
       .form = "integer",
       .standard = "none",
       .meaning = "speech: rounds of training, each followed by a forced alignment that relabels the frames",
       .excludes = "one network aligns; several replicas cannot"},
      [](const AlignOptions& options) { return std::make_unique<AlignStage>(options); });
}

}  // namespace limbeck

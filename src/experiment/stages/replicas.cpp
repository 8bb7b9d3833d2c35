// Several networks that differ in initialization and order only, and their ensemble: trained one by one, or together on
// the same batches, so that each can learn from the others (Anil et al. 2018, "Large scale distributed neural network
// training through online distillation").
//
//   replicas: 10
//   replicas: { count: 4, together: true, mean: arithmetic }
#include <algorithm>
#include <cmath>

#include "experiment/members.h"
#include "experiment/stage_entry.h"
#include "experiment/stage_fingerprint.h"
#include "experiment/stage_networks.h"
#include "experiment/stage_reuse.h"
#include "experiment/stage_runner.h"
#include "experiment/stage_training.h"
#include "experiment/training_stage.h"
#include "nn/ensembles/committee.h"
#include "recipe/stage_options.h"
#include "results/stage_parts.h"

namespace limbeck {
namespace {

struct ReplicasOptions : StageOptions {
  int64_t count = 1;
  bool together = false;  ///< trained together on the same batches
  EnsembleMean mean = EnsembleMean::geometric;

  void bind(Fields& fields) {
    fields.integer("count", count, between(1, 1000),
                   "number of networks, which differ in initialization and order of the examples only");
    fields.flag("together", together,
                "train them together on the same batches, for the loss `community` (co-distillation)");
    bind_mean(fields, mean);
  }

  StageForm form() const override { return {.members = count, .apart = !together, .together = together, .mean = mean}; }
  bool applies() const override { return count > 1 || together; }
  void check(StageRecipe&, StageCheck& check) const override {
    if (together && count < 2)
      check.mistake("", "one network is not trained together with others; expected a count of at least 2");
  }
};

class ReplicasStage : public StageKind {
 public:
  explicit ReplicasStage(const ReplicasOptions& options) : options_(options) {}

  void check(const RunContext& run, const StageRecipe& stage) const override { TrainingStage().check(run, stage); }

  std::vector<StageRecipe> parts(const StageRecipe& stage) const override {
    std::vector<StageRecipe> members;
    for (int64_t k = 1; !options_.together && k <= options_.count; ++k) members.push_back(member_of(stage, k));
    return members;
  }

  StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                   const std::vector<StageResult>& parts) const override {
    StageOutcome outcome;
    if (options_.together) {
      const std::shared_ptr<Committee> committee = make_committee(run, stage);
      outcome = train_stage(run, stage, committee, committee->members(), fingerprint);
    } else {
      outcome = gather(run, stage, parts);
    }
    StageResult& entry = outcome.entry;
    entry.network.description = fmt::format("{} × {}", options_.count, entry.network.description);
    ReplicasPart part;
    part.count = options_.count;
    part.together = options_.together;
    part.mean = name_of(options_.mean);
    entry.parts.add(std::move(part));
    return outcome;
  }

  std::shared_ptr<Network> load(RunContext& run, const StageRecipe& stage, const Json&) const override {
    const std::shared_ptr<Committee> committee = make_committee(run, stage);
    load_weights(run, stage, committee->members());
    committee->to(run.device);
    return committee;
  }

  std::vector<std::shared_ptr<Network>> members_of(const std::shared_ptr<Network>& network) const override {
    return dynamic_cast<const Committee&>(*network).members();
  }

  std::shared_ptr<Network> join(std::vector<std::shared_ptr<Network>> networks, const Json&) const override {
    return std::make_shared<Committee>(std::move(networks), options_.mean);
  }

  int64_t help(RunContext& run, const StageRecipe& stage) const override {
    if (options_.together || !load_finished(run, stage.inputs)) return 0;
    const std::vector<StageRecipe> members = parts(stage);
    const auto member = [&](int64_t k) -> const StageRecipe& { return members[static_cast<size_t>(k) - 1]; };
    return train_free_members(
        run, stage, [&](int64_t k) { return is_finished(run, member(k), settings_of(run, member(k))); },
        [&](int64_t k) { run_stage(run, member(k)); });
  }

 private:
  std::shared_ptr<Committee> make_committee(const RunContext& run, const StageRecipe& stage) const {
    std::vector<std::shared_ptr<Network>> members;
    for (int64_t k = 1; k <= options_.count; ++k) members.push_back(make_stage_network(run, member_of(stage, k)));
    return std::make_shared<Committee>(std::move(members), options_.mean);
  }

  /// The ensemble of members that are trained; `entries` are theirs.
  StageOutcome gather(RunContext& run, const StageRecipe& stage, const std::vector<StageResult>& entries) const {
    std::vector<std::shared_ptr<Network>> networks;
    for (const std::string& name : weight_folders(stage)) networks.push_back(run.networks.network(name));
    const auto committee = std::make_shared<Committee>(std::move(networks), options_.mean);
    StageResult entry = entry_of(run, stage, *committee);
    std::vector<TrainingTime> times;
    double epochs = 0;
    for (const StageResult& member : entries) {
      epochs += member.epochs.value_or(0).value / static_cast<double>(entries.size());
      for (const std::string& condition : member.conditions)
        if (std::find(entry.conditions.begin(), entry.conditions.end(), condition) == entry.conditions.end())
          entry.conditions.push_back(condition);
      times.push_back({member.seconds.value_or(0), member.examples_per_second.value_or(0)});
    }
    set_time(entry, times);
    entry.epochs = std::llround(epochs);
    return {.network = committee, .entry = std::move(entry), .notice = ""};
  }

  ReplicasOptions options_;
};

}  // namespace

void register_replicas(Catalogue& catalogue) {
  catalogue.add<StageKind, ReplicasOptions>(
      Slot::stage,
      {.name = "replicas",
       .summary = "An ensemble: several networks from one stage.",
       .principal = "count",
       .form = "integer or map",
       .standard = "1",
       .meaning =
           "train so many networks that differ in initialization and order only; the stage stands for their ensemble"},
      [](const ReplicasOptions& options) { return std::make_unique<ReplicasStage>(options); });
}

}  // namespace limbeck

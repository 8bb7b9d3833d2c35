// Specialists for groups of classes that a generalist confuses (Hinton, Vinyals, Dean 2015, section 5). Each begins
// with the generalist's weights and learns to tell the classes of its group apart; the stage's network is the
// generalist with all of them.
//
//   specialists: { of: generalist, groups: 20, size: 10, targets: full }
#include "experiment/specialists.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/softmax.h>

#include <algorithm>

#include "core/json.h"
#include "experiment/members.h"
#include "experiment/specialist_groups.h"
#include "experiment/stage_conditions.h"
#include "experiment/stage_entry.h"
#include "experiment/stage_fingerprint.h"
#include "experiment/stage_networks.h"
#include "experiment/stage_numbers.h"
#include "experiment/stage_reuse.h"
#include "experiment/stage_runner.h"
#include "experiment/stage_training.h"
#include "nn/ensembles/specialist_ensemble.h"
#include "nn/fold.h"
#include "recipe/stage_options.h"
#include "results/binding.h"
#include "results/keys.h"
#include "train/evaluation.h"

namespace limbeck {
namespace {

using Groups = std::vector<std::vector<int64_t>>;

struct SpecialistsOptions : StageOptions {
  std::string of;  ///< the generalist
  int64_t groups = 10;
  int64_t size = 0;  ///< classes of each group; 0: each class is in one group
  SpecialistTargets targets = SpecialistTargets::dustbin;
  bool correct_prior = false;
  int64_t top = 1;  ///< of the generalist's classes, for which specialists are asked
  Divergence divergence = Divergence::forward;

  void bind(Fields& fields) {
    fields.reference("of", of, "the generalist: an earlier stage, or a network with weights");
    fields.integer("groups", groups, between(1, 100000),
                   "number of groups of classes, each with a specialist; found by online K-means");
    fields.integer("size", size, at_least(0),
                   "classes of each group, which may overlap; 0: each class is in one group");
    fields.choice<SpecialistTargets>(
        "targets", targets, {{"dustbin", SpecialistTargets::dustbin}, {"full", SpecialistTargets::full}},
        "target for examples of other classes: a dustbin class, or all classes with the teacher's probabilities");
    fields.flag("correct_prior", correct_prior,
                "full targets: raise the logits of the other classes after training by the logarithm of the proportion "
                "by which the group was oversampled, as the dustbin's always is");
    fields.integer("top", top, at_least(1),
                   "number of the generalist's most probable classes whose specialists are evaluated");
    fields.choice<Divergence>(
        "divergence", divergence, {{"forward", Divergence::forward}, {"reverse", Divergence::reverse}},
        "the divergence that the combined distribution q minimizes: KL(model, q) or KL(q, model)");
    fields.require(
        size != 1 && (groups > 1 || size > 0),
        "a specialist needs at least two classes, and others; give 'size' 0 or at least 2, and one group a size");
  }

  StageForm form() const override {
    return {.members = groups, .member = "specialist", .members_teach = false, .apart = true, .source = of};
  }

  void check(StageRecipe& stage, StageCheck& check) const override {
    if (of.empty()) check.mistake("of", "no generalist; expected an earlier stage, or a network with weights");
    check.require_start("of", of, "specialists begin");
    if (stage.stop.any()) check.mistake("", "specialists have no replicas, are not stopped early and do not align");
    if (targets == SpecialistTargets::full && !stage.teacher && !of.empty())
      check.mistake("targets", fmt::format("full targets come from a teacher; add `teacher: {}`, and a loss such as "
                                           "`soft_targets: {{ examples: unlabelled }}`",
                                           of));
    if (targets == SpecialistTargets::dustbin && stage.teacher)
      check.mistake("targets", "a teacher knows no dustbin; leave it out, or take full targets");
    if (correct_prior && targets == SpecialistTargets::dustbin)
      check.mistake("correct_prior", "a dustbin's prior is always corrected; leave it out, or take full targets");
  }
};

class SpecialistsStage : public StageKind {
 public:
  explicit SpecialistsStage(const SpecialistsOptions& options) : options_(options) {}

  void check(const RunContext& run, const StageRecipe& stage) const override {
    require_graph(run, stage, "specialists need one that this program knows by name");
    const auto count = static_cast<int64_t>(run.dataset().classes.size());
    if (options_.groups > count || options_.size >= count)
      throw Error(ErrorKind::usage, fmt::format("{} groups of {} classes cannot be made of {} classes", options_.groups,
                                                options_.size, count));
  }

  StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string&,
                   const std::vector<StageResult>&) const override {
    const ClassGroups groups = find_groups(run, stage);
    const std::shared_ptr<Network> ensemble = train_all(run, stage, groups.groups);
    StageResult entry = entry_of(run, stage, *ensemble);
    entry.network.description = fmt::format("{} + {} specialists", entry.network.description, options_.groups);
    SpecialistsPart part = measure_specialists(run.dataset(), groups, run.data.test().labels(),
                                               run.networks.logits_on(run.data.test(), options_.of),
                                               run.networks.logits_on(run.data.test(), stage.name));
    entry.evaluations[keys::kTest].set(keys::kRelativeGain,
                                       part.relative_gain ? MetricValue(*part.relative_gain) : MetricValue());
    std::vector<TrainingTime> times;
    for (const std::string& member : weight_folders(stage)) {
      const auto own = from_json<SpecialistRecord>(*run.folder.stage(member).record()).results;
      times.push_back({own.seconds, own.examples_per_second});
    }
    set_time(entry, times);
    entry.epochs = stage.epochs;
    entry.conditions = {conditions_of(run, stage, *ensemble, precision_of(stage, run.device))};
    const std::string table = "\n" + specialists_table(part);
    entry.parts.add(std::move(part));
    return {
        .network = ensemble, .entry = std::move(entry), .notice = table, .record = {{keys::kGroups, groups.groups}}};
  }

  std::shared_ptr<Network> load(RunContext& run, const StageRecipe& stage, const Json& record) const override {
    return train_all(run, stage, from_json<StageRecord>(record).groups);
  }

  std::vector<std::shared_ptr<Network>> members_of(const std::shared_ptr<Network>& network) const override {
    const auto& all = dynamic_cast<const SpecialistEnsemble&>(*network).members();
    return {all.begin() + 1, all.end()};  // the generalist is another stage's
  }

  bool joins_source() const override { return true; }
  std::shared_ptr<Network> join(std::vector<std::shared_ptr<Network>> networks, const Json& record) const override {
    return join(std::move(networks), from_json<StageRecord>(record).groups);
  }

  bool has_members(const RunContext& run, const StageRecipe& stage) const override {
    const std::vector<std::string> members = weight_folders(stage);
    return std::all_of(members.begin(), members.end(),
                       [&](const std::string& name) { return run.folder.stage(name).finished().has_value(); });
  }

  int64_t help(RunContext& run, const StageRecipe& stage) const override {
    if (!load_finished(run, stage.inputs)) return 0;
    const Groups groups = find_groups(run, stage).groups;
    const auto group = [&](int64_t k) -> const std::vector<int64_t>& { return groups[static_cast<size_t>(k) - 1]; };
    return train_free_members(
        run, stage,
        [&](int64_t k) {
          const StageRecipe member = member_of(stage, k);
          return is_finished(run, member, settings_of_member(run, member, group(k)));
        },
        [&](int64_t k) { train_one(run, member_of(stage, k), group(k)); });
  }

 private:
  ClassGroups find_groups(const RunContext& run, const StageRecipe& stage) const {
    const ExampleSet labelled = labelled_part(run.data.examples_of(stage));
    const at::Tensor probabilities = at::softmax(predict_logits(*run.networks.network(options_.of), labelled), 1);
    return group_classes(covariance_of(probabilities), {.groups = options_.groups, .size = options_.size},
                         run.stream_seed(stage));
  }

  /// What a specialist's weights depend on: not on how it is found and asked.
  Json settings_of_member(const RunContext& run, const StageRecipe& member, const std::vector<int64_t>& group) const {
    Json settings = settings_of(run, member);
    settings["specialists"] = {{"of", options_.of},
                               {"targets", options_.targets == SpecialistTargets::full ? "full" : "dustbin"}};
    if (options_.correct_prior) settings["specialists"]["correct_prior"] = true;
    settings["group"] = group;
    return settings;
  }

  SpecialistExamples examples_for(const RunContext& run, const StageRecipe& member, const ExampleSet& examples,
                                  const std::vector<int64_t>& group) const {
    return specialist_examples(examples, group, options_.targets, run.stream_seed(member), member.member,
                               run.dataset().classes);
  }

  std::shared_ptr<GraphNetwork> make(const RunContext& run, const StageRecipe& member,
                                     const std::vector<int64_t>& group) const {
    const bool dustbin = options_.targets == SpecialistTargets::dustbin;
    const auto classes = static_cast<int64_t>(dustbin ? group.size() + 1 : run.dataset().classes.size());
    return std::dynamic_pointer_cast<GraphNetwork>(
        run.networks.make(run.network_of(member), run.seed_of(member), classes));
  }

  /// The classes of the data that are not the group's.
  static std::vector<int64_t> classes_outside(const std::vector<int64_t>& group, size_t classes) {
    std::vector<int64_t> others;
    for (int64_t c = 0; c < static_cast<int64_t>(classes); ++c)
      if (std::find(group.begin(), group.end(), c) == group.end()) others.push_back(c);
    return others;
  }

  /// One specialist, trained where it is not done yet.
  std::shared_ptr<Network> train_one(RunContext& run, const StageRecipe& member,
                                     const std::vector<int64_t>& group) const {
    const StageFolder folder = run.folder_of(member);
    const Json settings = settings_of_member(run, member, group);
    const std::shared_ptr<GraphNetwork> specialist = make(run, member, group);
    if (is_finished(run, member, settings)) {
      run.events.emit(StageReused{member.name, folder.path()});
      load_weights(*specialist, folder.weights());
      specialist->to(run.device);
      return specialist;
    }
    const auto generalist = std::dynamic_pointer_cast<const GraphNetwork>(run.networks.network(options_.of));
    if (generalist == nullptr)
      throw Error(ErrorKind::usage, fmt::format("the generalist '{}' is a program from a file", options_.of));
    begin_anew(run, member, settings);
    start_from(*specialist, *generalist, options_.targets);
    specialist->to(run.device);
    const SpecialistExamples own = examples_for(run, member, run.data.examples_of(member), group);
    const std::string fingerprint = fingerprint_of(settings);
    // Its classes are not those of the validation split.
    const TrainingResult result = train(run, member, *specialist, own.examples, run.data.nothing(), fingerprint);
    ModelDescription description = run.networks.description(run.network_of(member));
    if (options_.correct_prior)
      shift_output_bias(*specialist, classes_outside(group, run.dataset().classes.size()), own.others_offset);
    if (options_.targets == SpecialistTargets::dustbin) {
      shift_output_bias(*specialist, {static_cast<int64_t>(group.size())}, own.others_offset);
      description.classes.clear();
      for (const int64_t c : group) description.classes.push_back(run.dataset().classes[static_cast<size_t>(c)]);
      description.classes.emplace_back("others");
    }
    save_model(folder.weights(), *specialist, description);
    SpecialistRecord record;
    record.fingerprint = fingerprint;
    record.settings = settings;
    record.results = {.name = member.name,
                      .seconds = result.seconds,
                      .examples = own.examples.size(),
                      .examples_per_second = result.examples_per_second};
    folder.finish(to_json(record));
    return specialist;
  }

  /// The generalist with the specialists of these groups.
  std::shared_ptr<Network> train_all(RunContext& run, const StageRecipe& stage, const Groups& groups) const {
    const ExampleSet examples = run.data.examples_of(stage);
    for (size_t i = 0; i < groups.size(); ++i)  // what cannot be trained is found before the first is
      examples_for(run, member_of(stage, static_cast<int64_t>(i) + 1), examples, groups[i]);
    std::vector<std::shared_ptr<Network>> networks(groups.size() + 1);
    networks[0] = run.networks.network(options_.of);
    share_out(run, stage, [&](RunContext& context, int64_t k) {
      networks[static_cast<size_t>(k)] = train_one(context, member_of(stage, k), groups[static_cast<size_t>(k) - 1]);
    });
    return join(std::move(networks), groups);
  }

  /// The generalist, which comes first, with the specialists of these groups.
  std::shared_ptr<Network> join(std::vector<std::shared_ptr<Network>> networks, const Groups& groups) const {
    if (networks.size() != groups.size() + 1)
      throw Error(fmt::format("{} networks are not a generalist with {} specialists", networks.size(), groups.size()));
    std::vector<Specialist> specialists;
    for (size_t k = 0; k < groups.size(); ++k)
      specialists.push_back({.classes = groups[k],
                             .full = options_.targets == SpecialistTargets::full,
                             .network = std::move(networks[k + 1])});
    return std::make_shared<SpecialistEnsemble>(
        std::move(networks.front()), std::move(specialists),
        SpecialistOptions{.top = options_.top, .combination = {.divergence = options_.divergence}});
  }

  SpecialistsOptions options_;
};

}  // namespace

void register_specialists(Catalogue& catalogue) {
  catalogue.add<StageKind, SpecialistsOptions>(
      Slot::stage,
      {.name = "specialists",
       .summary = "Networks for groups of classes that a generalist confuses.",
       .source = "Hinton, Vinyals, Dean 2015, section 5",
       .form = "map",
       .standard = "none",
       .meaning = "train specialists, from a generalist's weights, for the classes that it confuses",
       .excludes = "specialists have no replicas, are not stopped early and do not align"},
      [](const SpecialistsOptions& options) { return std::make_unique<SpecialistsStage>(options); });
}

}  // namespace limbeck

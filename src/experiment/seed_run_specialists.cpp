// The part of a run that trains specialists.
#include <ATen/TensorOperators.h>
#include <ATen/ops/softmax.h>

#include <fmt/core.h>

#include <algorithm>

#include "core/hash.h"
#include "core/json.h"
#include "experiment/model.h"
#include "experiment/replicas.h"
#include "experiment/results.h"
#include "experiment/seed_run.h"
#include "experiment/specialists.h"
#include "experiment/stage_numbers.h"
#include "nn/ensembles/specialist_ensemble.h"
#include "nn/fold.h"
#include "train/evaluation.h"

namespace limbeck {

std::shared_ptr<GraphNetwork> SeedRun::make_specialist(const StageRecipe& stage,
                                                       const std::vector<int64_t>& group) const {
  const NetworkRecipe& network = *setup_.recipe.network(stage.network);
  const bool dustbin = stage.specialists.targets == SpecialistsRecipe::Targets::dustbin;
  const auto classes = static_cast<int64_t>(dustbin ? group.size() + 1 : setup_.dataset.classes.size());
  const auto made = std::dynamic_pointer_cast<GraphNetwork>(
      make_network(network.architecture, setup_.dataset, seed_of(stage), inputs_.at(network.name), classes));
  if (made == nullptr)
    throw Error(
        ErrorKind::usage,
        fmt::format("the network '{}' is a TorchScript file; specialists need one that this program knows by name",
                    network.name));
  return made;
}

Json SeedRun::specialist_settings(const StageRecipe& stage, const std::vector<int64_t>& group) {
  Json settings = settings_of(stage);
  for (const char* key : {"groups", "size", "top", "divergence"})
    settings["specialists"].erase(key);  // of finding and asking it
  settings["group"] = group;
  return settings;
}

bool SeedRun::specialist_is_finished(const StageRecipe& stage, const std::vector<int64_t>& group) {
  const StageFolder folder = setup_.folder.stage(stage.name);
  const std::optional<Json> finished = folder.finished();
  return finished &&
         finished->value("fingerprint", "") == Hasher().add(specialist_settings(stage, group).dump()).fingerprint();
}

std::shared_ptr<Network> SeedRun::train_specialist(const StageRecipe& stage, const std::vector<int64_t>& group) {
  const StageFolder folder = setup_.folder.stage(stage.name);
  const Json settings = specialist_settings(stage, group);
  const std::string fingerprint = Hasher().add(settings.dump()).fingerprint();
  const std::shared_ptr<GraphNetwork> specialist = make_specialist(stage, group);
  if (specialist_is_finished(stage, group)) {
    setup_.events.emit(StageReused{stage.name, setup_.folder.stage(stage.name).path()});
    load_weights(*specialist, folder.weights());
    specialist->to(setup_.device);
    return specialist;
  }
  const auto generalist = std::dynamic_pointer_cast<const GraphNetwork>(network(stage.specialists.of));
  if (generalist == nullptr)
    throw Error(ErrorKind::usage, fmt::format("the generalist '{}' is a TorchScript file", stage.specialists.of));
  begin_anew(stage, settings);
  start_from(*specialist, *generalist, stage.specialists.targets);
  specialist->to(setup_.device);
  const SpecialistExamples own = specialist_examples(examples_of(stage), group, stage.specialists.targets, stream_seed(stage),
                                                     stage.specialist, setup_.dataset.classes);
  const TrainingResult result = train(stage, *specialist, own.examples, fingerprint);
  ModelDescription description =
      describe_model(setup_.recipe.network(stage.network)->architecture, setup_.dataset, inputs_.at(stage.network));
  if (stage.specialists.targets == SpecialistsRecipe::Targets::dustbin) {
    shift_output_bias(*specialist, {static_cast<int64_t>(group.size())}, own.dustbin_offset);
    description.classes.clear();
    for (const int64_t c : group) description.classes.push_back(setup_.dataset.classes[static_cast<size_t>(c)]);
    description.classes.emplace_back("others");
  }
  save_model(folder.weights(), *specialist, description);
  folder.finish({{"fingerprint", fingerprint},
                 {"settings", settings},
                 {"results",
                  {{"name", stage.name},
                   {"seconds", result.seconds},
                   {"examples", own.examples.size()},
                   {"examples_per_second", result.examples_per_second}}}});
  return specialist;
}

std::shared_ptr<Network> SeedRun::load_specialists(const StageRecipe& stage,
                                                   const std::vector<std::vector<int64_t>>& groups) {
  const ExampleSet examples = examples_of(stage);
  for (size_t k = 0; k < groups.size(); ++k)  // what cannot be trained is found before the first is
    specialist_examples(examples, groups[k], stage.specialists.targets, stream_seed(stage), static_cast<int64_t>(k) + 1,
                        setup_.dataset.classes);
  std::vector<Specialist> specialists(groups.size());
  share_out(stage, [&](int64_t k) {
    const std::vector<int64_t>& group = groups[static_cast<size_t>(k) - 1];
    specialists[static_cast<size_t>(k) - 1] = {.classes = group,
                                               .full = stage.specialists.targets == SpecialistsRecipe::Targets::full,
                                               .network = train_specialist(specialist_of(stage, k), group)};
  });
  return std::make_shared<SpecialistEnsemble>(
      network(stage.specialists.of), std::move(specialists),
      SpecialistOptions{.top = stage.specialists.top, .combination = {.divergence = stage.specialists.divergence}});
}

ClassGroups SeedRun::find_groups(const StageRecipe& stage) {
  const at::Tensor probabilities =
      at::softmax(predict_logits(*network(stage.specialists.of), labelled_part(examples_of(stage))), 1);
  return group_classes(covariance_of(probabilities),
                       {.groups = stage.specialists.groups, .size = stage.specialists.size}, stream_seed(stage));
}

Json SeedRun::train_specialists(const StageRecipe& stage) {
  const ClassGroups groups = find_groups(stage);
  const std::shared_ptr<Network> ensemble = load_specialists(stage, groups.groups);
  networks_[stage.name] = ensemble;
  Json entry = entry_of(stage, *ensemble);
  entry["specialists"] = specialist_numbers(setup_.dataset, groups, test_.labels(),
                                            logits_on_test(stage.specialists.of), test_logits_.at(stage.name));
  entry["evaluations"]["test"]["relative_gain"] = entry["specialists"]["relative_gain"];
  double seconds = 0, examples = 0;
  for (const std::string& member : weight_folders(stage)) {
    const Json own = setup_.folder.stage(member).record()->at("results");
    seconds += own["seconds"].get<double>();
    examples += own["seconds"].get<double>() * own["examples_per_second"].get<double>();
  }
  entry["seconds"] = seconds;
  entry["examples_per_second"] = examples / std::max(seconds, 1e-9);
  entry["epochs"] = stage.epochs;
  entry["conditions"] = {conditions_of(stage, *ensemble, precision_of(stage, setup_.device))};
  entry["note"] = stage_note(entry);
  setup_.events.emit(
      Notice{fmt::format("{}: {}\n{}", stage.name, stage_note(entry), specialist_text(entry["specialists"]))});
  return entry;
}

}  // namespace limbeck

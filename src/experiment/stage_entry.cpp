#include "experiment/stage_entry.h"

#include <fmt/ranges.h>

#include "experiment/stage_numbers.h"
#include "experiment/stage_teacher.h"
#include "kernels/cuda_device.h"
#include "loss/objective.h"
#include "results/binding.h"
#include "results/evaluation_detail.h"
#include "teacher/computed_outputs.h"

namespace limbeck {
namespace {

/// Undefined where the stage has no teacher.
at::Tensor logits_of_teacher(RunContext& run, const StageRecipe& stage, const ExampleSet& examples) {
  const Augmenter none;
  const auto teacher = make_stage_teacher(
      run, stage, {.network = nullptr, .examples = examples, .augmenter = none, .purpose = TeacherPurpose::evaluation});
  if (teacher == nullptr) return {};
  const std::string key = examples.name() + resolve(stage.teacher).dump();
  std::shared_ptr<const at::Tensor>& known = run.teacher_logits[key];
  if (known == nullptr)
    known = run.shared_logits->get(key, [&] {
      at::Tensor logits = outputs_of(*teacher, examples, run.stop).logits;
      wait_for(run.device);  // stages that run beside this one read them too
      return logits;
    });
  return *known;
}

Named<Metrics> evaluate_stage(RunContext& run, const StageRecipe& stage, const Network& network) {
  Named<Metrics> summaries;
  Named<EvaluationDetail> detailed;
  const RunData& data = run.data;
  const auto add = [&](const ExampleSet& examples, const at::Tensor& teacher_logits) {
    const bool is_test = &examples == &data.test();
    StageNumbers numbers = evaluate_network(network, examples, teacher_logits, run.dataset().classes, run.ranks);
    if (run.dataset().speech != nullptr && is_test)
      numbers.summary.set_all(word_metrics(run.dataset(), data.labels(), network, numbers.logits));
    if (is_test) run.networks.keep_logits(stage.name, numbers.logits);
    summaries.add(examples.name(), std::move(numbers.summary));
    detailed.add(examples.name(), std::move(numbers.details));
  };
  for (const ExampleSet* examples : {&data.test(), &data.validation()})
    if (examples->size() > 0) add(*examples, logits_of_teacher(run, stage, *examples));
  if (const ExampleSet train = labelled_part(data.examples_of(stage)); train.size() > 0) add(train, {});
  write_file(run.folder_of(stage).evaluation(), to_json(detailed).dump(1) + "\n");
  return summaries;
}

}  // namespace

StageResult entry_of(RunContext& run, const StageRecipe& stage, const Network& network) {
  StageResult entry;
  entry.name = stage.name;
  entry.status = "done";
  entry.network = {.name = stage.network,
                   .description = short_description(run.network_of(stage).architecture),
                   .parameters = network.parameter_count(),
                   .multiply_adds = network.multiply_adds()};
  if (stage.teacher)
    entry.teacher = stage.teachers.empty() ? stage.teacher.name() : fmt::format("{}", fmt::join(stage.teachers, ", "));
  entry.objective = describe_objective(stage.loss);
  entry.evaluations = evaluate_stage(run, stage, network);
  const auto path = [](const std::string& name) { return "stages/" + name + "/weights.safetensors"; };
  if (stage.form().members == 0) {
    entry.weights = path(stage.name);
  } else {
    for (const std::string& name : weight_folders(stage))
      entry.members.push_back({.name = name, .weights = path(name)});
  }
  return entry;
}

}  // namespace limbeck

#include "experiment/stage_numbers.h"

#include <ATen/TensorOperators.h>

#include "nn/ensembles/committee.h"
#include "results/binding.h"
#include "results/keys.h"
#include "train/evaluation.h"

namespace limbeck {

ExampleSet labelled_part(const ExampleSet& examples) {
  return examples.select(examples.labels().ge(0).nonzero().flatten(), examples.name());
}

StageNumbers evaluate_network(const Network& network, const ExampleSet& examples, const at::Tensor& teacher_logits,
                              const std::vector<std::string>& classes, Ranks* ranks) {
  const auto* committee = dynamic_cast<const Committee*>(&network);
  std::vector<at::Tensor> members;
  if (committee != nullptr)
    for (const auto& member : committee->members()) members.push_back(predict_logits(*member, examples, ranks));
  const at::Tensor logits =
      committee != nullptr ? committee->mean_of(members) : predict_logits(network, examples, ranks);
  const Evaluation evaluation = evaluate(logits, examples.labels(), teacher_logits);
  Metrics numbers = summary(evaluation, classes);
  if (committee != nullptr) {
    std::vector<double> errors;
    for (const at::Tensor& member : members)
      errors.push_back(static_cast<double>(evaluate(member, examples.labels()).errors));
    numbers.set(keys::kMemberErrors, spread_of(errors).mean);
    numbers.set("errors_of_members", std::vector<Number>(errors.begin(), errors.end()));
  }
  return {std::move(numbers), details(evaluation, classes), logits};
}

}  // namespace limbeck

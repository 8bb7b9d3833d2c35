#include "experiment/stage_numbers.h"

#include <ATen/TensorOperators.h>

#include "nn/ensembles/committee.h"
#include "results/results.h"
#include "train/evaluation.h"

namespace limbeck {

ExampleSet labelled_part(const ExampleSet& examples) {
  return examples.select(examples.labels().ge(0).nonzero().flatten(), examples.name());
}

StageNumbers evaluate_network(const Network& network, const ExampleSet& examples, const at::Tensor& teacher_logits,
                              const std::vector<std::string>& classes) {
  const auto* committee = dynamic_cast<const Committee*>(&network);
  std::vector<at::Tensor> members;
  if (committee != nullptr)
    for (const auto& member : committee->members()) members.push_back(predict_logits(*member, examples));
  const at::Tensor logits = committee != nullptr ? committee->mean_of(members) : predict_logits(network, examples);
  const Evaluation evaluation = evaluate(logits, examples.labels(), teacher_logits);
  StageNumbers numbers{summary(evaluation, classes), details(evaluation, classes), logits};
  if (committee != nullptr) {
    std::vector<double> errors;
    for (const at::Tensor& member : members)
      errors.push_back(static_cast<double>(evaluate(member, examples.labels()).errors));
    numbers.summary["member_errors"] = spread(errors)["mean"];
    numbers.summary["errors_of_members"] = errors;
  }
  return numbers;
}

}  // namespace limbeck

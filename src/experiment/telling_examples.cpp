#include "experiment/telling_examples.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "results/keys.h"

namespace limbeck {
namespace {

constexpr int64_t kExamples = 16;

/// Whether the examples can be shown: bytes [N, 1 or 3, H, W].
bool has_pictures(const Dataset& dataset) {
  const at::Tensor& inputs = dataset.test.inputs;
  return inputs.scalar_type() == at::kByte && inputs.dim() == 4 && (inputs.size(1) == 1 || inputs.size(1) == 3);
}

std::vector<double> row_of(const at::Tensor& logits, int64_t row) {
  const at::Tensor values = logits[row].to(at::kCPU).to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

}  // namespace

std::vector<int64_t> choose_telling(const at::Tensor& teacher_logits, const at::Tensor& labels, int64_t count) {
  const at::Tensor log_p = at::log_softmax(teacher_logits.to(at::kCPU).to(at::kDouble), 1);
  const at::Tensor right = log_p.argmax(1).eq(labels.to(at::kCPU));
  const at::Tensor entropy = -(log_p.exp() * log_p).sum(1) * right;
  std::vector<int64_t> order(static_cast<size_t>(labels.size(0)));
  std::iota(order.begin(), order.end(), 0);
  const auto* entropies = entropy.data_ptr<double>();
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t left, int64_t right) { return entropies[left] > entropies[right]; });
  // Round by round one example of each class, so that not all are of the class that is hardest.
  const at::Tensor on_host = labels.to(at::kCPU).contiguous();
  std::map<int64_t, int64_t> rounds;
  std::vector<std::pair<int64_t, int64_t>> ranked;
  for (const int64_t position : order) {
    const int64_t round = rounds[on_host.data_ptr<int64_t>()[position]]++;
    ranked.emplace_back(round, position);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  std::vector<int64_t> chosen;
  for (const auto& [round, position] : ranked)
    if (static_cast<int64_t>(chosen.size()) < count) chosen.push_back(position);
  return chosen;
}

ExamplesResult telling_examples(const Dataset& dataset, const StageLogits& teacher,
                                const std::vector<StageLogits>& stages) {
  ExamplesResult result{
      .split = keys::kTest, .teacher = teacher.stage, .temperatures = {1, 2, 4, 8, 20}, .examples = {}};
  for (const int64_t position : choose_telling(teacher.logits, dataset.test.labels, kExamples)) {
    const at::Tensor image = dataset.test.inputs[position].to(at::kCPU).contiguous();
    const auto* pixels = image.data_ptr<uint8_t>();
    ExampleResult& example = result.examples.emplace_back();
    example = {.id = position,
               .label = dataset.test.labels[position].item<int64_t>(),
               .shape = image.sizes().vec(),
               .pixels = {pixels, pixels + image.numel()},
               .logits = {}};
    for (const StageLogits& stage : stages) example.logits[stage.stage] = row_of(stage.logits, position);
  }
  return result;
}

void write_telling_examples(RunContext& run) {
  if (!has_pictures(run.dataset())) return;
  const std::vector<StageRecipe>& stages = run.recipe.stages;
  std::string teaching = stages.front().name;
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage)
    if (!stage->teachers.empty()) teaching = stage->teachers.front();
  const auto logits_of = [&](const std::string& name) {
    return StageLogits{name, run.networks.logits_on(run.data.test(), name)};
  };
  std::vector<StageLogits> logits;
  for (const StageRecipe& stage : stages) logits.push_back(logits_of(stage.name));
  const StageLogits teacher = logits_of(teaching);
  if (run.recipe.stage(teaching) == nullptr) logits.insert(logits.begin(), teacher);
  run.folder.write_examples(telling_examples(run.dataset(), teacher, logits));
}

}  // namespace limbeck

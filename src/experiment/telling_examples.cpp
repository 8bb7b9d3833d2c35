#include "experiment/telling_examples.h"

#include <torch/types.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace limbeck {
namespace {

constexpr int64_t kExamples = 16;

std::vector<double> row_of(const torch::Tensor& logits, int64_t row) {
  const torch::Tensor values = logits[row].to(torch::kCPU).to(torch::kFloat64).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

}  // namespace

std::vector<int64_t> choose_telling(const torch::Tensor& teacher_logits, const torch::Tensor& labels, int64_t count) {
  const torch::Tensor log_p = torch::log_softmax(teacher_logits.to(torch::kCPU).to(torch::kFloat64), 1);
  const torch::Tensor right = log_p.argmax(1).eq(labels.to(torch::kCPU));
  const torch::Tensor entropy = -(log_p.exp() * log_p).sum(1) * right;
  std::vector<int64_t> order(static_cast<size_t>(labels.size(0)));
  std::iota(order.begin(), order.end(), 0);
  const auto* said = entropy.data_ptr<double>();
  std::stable_sort(order.begin(), order.end(), [&](int64_t left, int64_t right) { return said[left] > said[right]; });
  // Round by round one example of each class, so that not all are of the class that is hardest.
  const torch::Tensor on_host = labels.to(torch::kCPU).contiguous();
  std::map<int64_t, int64_t> taken;
  std::vector<std::pair<int64_t, int64_t>> ranked;
  for (const int64_t position : order) {
    const int64_t round = taken[on_host.data_ptr<int64_t>()[position]]++;
    ranked.emplace_back(round, position);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& left, const auto& right) { return left.first < right.first; });
  std::vector<int64_t> chosen;
  for (const auto& [round, position] : ranked)
    if (static_cast<int64_t>(chosen.size()) < count) chosen.push_back(position);
  return chosen;
}

Json telling_examples(const Dataset& dataset, const StageLogits& teacher, const std::vector<StageLogits>& stages) {
  Json json = {{"split", "test"}, {"teacher", teacher.stage}, {"temperatures", {1, 2, 4, 8, 20}}};
  json["examples"] = Json::array();
  for (const int64_t position : choose_telling(teacher.logits, dataset.test.labels, kExamples)) {
    const torch::Tensor image = dataset.test.inputs[position].to(torch::kCPU).contiguous();
    Json logits = Json::object();
    for (const StageLogits& stage : stages) logits[stage.stage] = row_of(stage.logits, position);
    json["examples"].push_back({{"id", position},
                                {"label", dataset.test.labels[position].item<int64_t>()},
                                {"shape", image.sizes().vec()},
                                {"pixels", std::vector<uint8_t>(image.data_ptr<uint8_t>(), image.data_ptr<uint8_t>() + image.numel())},
                                {"logits", logits}});
  }
  return json;
}

}  // namespace limbeck

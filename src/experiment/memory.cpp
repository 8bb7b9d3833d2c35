#include "experiment/memory.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

#include "nn/inference.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

constexpr double kFloat = sizeof(float);
constexpr int64_t kAll = std::numeric_limits<int64_t>::max();

double bytes_of_state(const Network& network) {
  double bytes = 0;
  for (const auto& [name, tensor] : state_of(network)) bytes += static_cast<double>(tensor.nbytes());
  return bytes;
}

bool is_known(const Network& network) {
  return dynamic_cast<const GraphNetwork*>(&network) != nullptr;
}

/// Floats of one example in a training pass, which keeps them all; 0: not known.
double kept_activations(const Network& network) {
  double floats = 0;
  if (const auto* graph = dynamic_cast<const GraphNetwork*>(&network))
    for (const Node& node : graph->graph().nodes()) floats += static_cast<double>(element_count(node.shape));
  return floats;
}

/// Floats of so many examples where nothing is kept: three of the widest exist together.
double passing_activations(const Network& network, int64_t examples) {
  if (!is_known(network)) return 0;
  return 3 * static_cast<double>(std::min(examples, examples_at_once(network))) *
         static_cast<double>(network.capabilities().widest_activation);
}

/// What stands after the key in a file of the system; 0 where it does not.
double kilobytes_in(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    double kilobytes = 0;
    std::istringstream(line.substr(key.size())) >> kilobytes;
    return kilobytes;
  }
  return 0;
}

}  // namespace

std::string bytes_text(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.1f} GB", bytes / 1e9);
  return fmt::format("{:.0f} MB", std::max(1.0, bytes / 1e6));
}

std::string MemoryNeed::text() const {
  std::string text = fmt::format("{}: data {}, weights {}, activations {}", bytes_text(total()), bytes_text(data),
                                 bytes_text(weights), bytes_text(activations));
  if (outputs > 0) text += fmt::format(", teacher outputs {}", bytes_text(outputs));
  if (!complete) text += ", and the activations of networks from files, which are not known";
  return text;
}

MemoryNeed memory_need(const Dataset& dataset, const StageRecipe& stage, const Network& student,
                       const std::vector<std::shared_ptr<Network>>& teachers, double kept) {
  MemoryNeed need;
  for (const Split* split : {&dataset.train, &dataset.test})
    need.data +=
        (split->mapped ? 0 : static_cast<double>(split->inputs.nbytes())) + static_cast<double>(split->labels.nbytes());
  const StageForm form = stage.form();
  constexpr double kStates = 2;  // Adam's; SGD has one
  const double side_by_side = form.together ? static_cast<double>(form.members) : 1;
  need.weights = side_by_side *
                 (bytes_of_state(student) + static_cast<double>(student.parameter_count()) * kFloat * (1 + kStates));
  need.complete = is_known(student);
  double taught = 0, evaluated = passing_activations(student, kAll);  // networks run one after the other
  for (const std::shared_ptr<Network>& teacher : teachers) {
    need.weights += bytes_of_state(*teacher);
    taught = std::max(taught, passing_activations(*teacher, stage.batch_size));
    evaluated = std::max(evaluated, passing_activations(*teacher, kAll));
    need.complete &= is_known(*teacher);
  }
  const double trained = static_cast<double>(stage.batch_size) * side_by_side * kept_activations(student);
  need.activations = std::max(trained + taught, evaluated) * kFloat;
  need.outputs = kept;
  return need;
}

bool fit_together(std::vector<MemoryNeed> needs, size_t at_once, double memory) {
  const auto own = [](const MemoryNeed& need) { return need.total() - need.data; };
  std::sort(needs.begin(), needs.end(),
            [&](const MemoryNeed& left, const MemoryNeed& right) { return own(left) > own(right); });
  double all = needs.empty() ? 0 : needs.front().data;
  for (size_t i = 0; i < std::min(at_once, needs.size()); ++i) all += own(needs[i]);
  return all <= memory;
}

double available_memory() {
  return kilobytes_in("/proc/meminfo", "MemAvailable:") * 1024;
}

double peak_memory() {
  return kilobytes_in("/proc/self/status", "VmHWM:") * 1024;
}

}  // namespace limbeck

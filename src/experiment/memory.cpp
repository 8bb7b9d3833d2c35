#include "experiment/memory.h"

#include <torch/types.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "nn/weights.h"

namespace limbeck {
namespace {

constexpr double kFloat = sizeof(float);
constexpr double kEvaluationBatch = 1000;  // as over_batches has it

double bytes_of_state(const Network& network) {
  double bytes = 0;
  for (const auto& [name, tensor] : state_of(network)) bytes += static_cast<double>(tensor.nbytes());
  return bytes;
}

/// Floats of one example: of all nodes, and of the two largest, which exist together where nothing is kept.
struct Activations {
  double all = 0, widest = 0;
};

Activations activations_of(const Network& network) {
  const auto* graph = dynamic_cast<const GraphNetwork*>(&network);
  if (graph == nullptr) return {};  // not known
  Activations activations;
  for (const Node& node : graph->graph().nodes()) {
    const auto floats = static_cast<double>(element_count(node.shape));
    activations.all += floats;
    activations.widest = std::max(activations.widest, floats);
  }
  activations.widest = 3 * std::max(activations.widest, static_cast<double>(element_count(graph->graph().input_shape())));
  return activations;
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

std::string amount(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.1f} GB", bytes / 1e9);
  return fmt::format("{:.0f} MB", std::max(1.0, bytes / 1e6));
}

}  // namespace

std::string MemoryNeed::text() const {
  std::string text = fmt::format("{}: data {}, weights {}, activations {}", amount(total()), amount(data), amount(weights), amount(activations));
  if (outputs > 0) text += fmt::format(", teacher outputs {}", amount(outputs));
  if (!complete) text += ", and what a TorchScript network needs beside its weights, which is not known";
  return text;
}

MemoryNeed memory_need(const Dataset& dataset, const StageRecipe& stage, const Network& student,
                       const std::vector<std::shared_ptr<Network>>& teachers, double kept) {
  MemoryNeed need;
  for (const Split* split : {&dataset.train, &dataset.test})
    need.data += static_cast<double>(split->inputs.nbytes()) + static_cast<double>(split->labels.nbytes());
  constexpr double kStates = 2;  // Adam's; SGD has one
  const double side_by_side = stage.replicas.together ? static_cast<double>(stage.replicas.count) : 1;
  const auto is_known = [](const Network& network) { return dynamic_cast<const GraphNetwork*>(&network) != nullptr; };
  need.weights = side_by_side * (bytes_of_state(student) + static_cast<double>(student.parameter_count()) * kFloat * (1 + kStates));
  need.complete = is_known(student);
  const Activations own = activations_of(student);
  double widest_teacher = 0;  // they run one after the other, and keep nothing
  for (const std::shared_ptr<Network>& teacher : teachers) {
    need.weights += bytes_of_state(*teacher);
    widest_teacher = std::max(widest_teacher, activations_of(*teacher).widest);
    need.complete &= is_known(*teacher);
  }
  const double training = static_cast<double>(stage.batch_size) * (side_by_side * own.all + widest_teacher) * kFloat;
  const double evaluation = kEvaluationBatch * std::max(own.widest, widest_teacher) * kFloat;
  need.activations = std::max(training, evaluation);
  need.outputs = kept;
  return need;
}

double available_memory() { return kilobytes_in("/proc/meminfo", "MemAvailable:") * 1024; }

double peak_memory() { return kilobytes_in("/proc/self/status", "VmHWM:") * 1024; }

}  // namespace limbeck

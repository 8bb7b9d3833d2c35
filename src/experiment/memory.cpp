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

MemoryNeed memory_need(const Dataset& dataset, const StageRecipe& stage, const Network& student, const Network* teacher, double kept) {
  MemoryNeed need;
  for (const Split* split : {&dataset.train, &dataset.test})
    need.data += static_cast<double>(split->inputs.nbytes()) + static_cast<double>(split->labels.nbytes());
  constexpr double kStates = 2;  // Adam's; SGD has one
  const auto parameters = static_cast<double>(student.parameter_count());
  need.weights = bytes_of_state(student) + parameters * kFloat * (1 + kStates) + (teacher == nullptr ? 0 : bytes_of_state(*teacher));
  const Activations own = activations_of(student), of_teacher = teacher == nullptr ? Activations{} : activations_of(*teacher);
  const auto batch = static_cast<double>(stage.batch_size);
  const double training = batch * (own.all + of_teacher.widest) * kFloat;
  const double evaluation = kEvaluationBatch * std::max(own.widest, of_teacher.widest) * kFloat;
  need.activations = std::max(training, evaluation);
  need.outputs = kept;
  const auto is_known = [](const Network* network) { return network == nullptr || dynamic_cast<const GraphNetwork*>(network) != nullptr; };
  need.complete = is_known(&student) && is_known(teacher);
  return need;
}

double available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("MemAvailable:")) continue;
    double kilobytes = 0;
    std::istringstream(line.substr(line.find(':') + 1)) >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

}  // namespace limbeck

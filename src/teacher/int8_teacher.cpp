#include "teacher/int8_teacher.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log_softmax.h>

#include <algorithm>

#include "core/error.h"
#include "nn/ensembles/committee.h"
#include "nn/inference.h"
#include "nn/int8_network.h"
#include "nn/quantization.h"

namespace limbeck {
namespace {

constexpr int64_t kExamples = 1024;  // for the ranges, and as many to compare

std::shared_ptr<Network> int8_of(const std::shared_ptr<const Network>& network, const std::string& name,
                                 const at::Tensor& inputs) {
  if (const auto* committee = dynamic_cast<const Committee*>(network.get())) {
    std::vector<std::shared_ptr<Network>> members;
    for (const auto& member : committee->members()) members.push_back(int8_of(member, name, inputs));
    return std::make_shared<Committee>(std::move(members), committee->mean());
  }
  const auto graph = std::dynamic_pointer_cast<const GraphNetwork>(network);
  if (graph == nullptr)
    throw Error(ErrorKind::usage,
                fmt::format("'{}' cannot teach in int8: it is no graph of operations that are known by name; leave "
                            "'precision: int8' out",
                            name));
  const std::vector<Node>& nodes = graph->graph().nodes();
  const bool is_quantized = std::any_of(
      nodes.begin(), nodes.end(), [](const Node& node) { return std::holds_alternative<Quantize>(node.operation); });
  return std::make_shared<Int8Network>(is_quantized ? graph : quantize(*graph, inputs));
}

}  // namespace

Int8Agreement agreement_of(const Network& network, const Network& int8, const ExampleSet& examples) {
  constexpr int64_t kBatch = 256;
  const at::NoGradGuard no_gradient;
  Int8Agreement found{.examples = examples.size()};
  for (int64_t begin = 0; begin < examples.size(); begin += kBatch) {
    const at::Tensor inputs = examples.batch(at::arange(begin, std::min(begin + kBatch, examples.size()))).inputs;
    const at::Tensor p = at::log_softmax(infer(network, inputs, {}).logits, 1),
                     q = at::log_softmax(infer(int8, inputs, {}).logits, 1);
    found.same += p.argmax(1).eq(q.argmax(1)).sum().item<int64_t>();
    found.divergence += (p.exp() * (p - q)).sum().item<double>();
  }
  found.divergence /= static_cast<double>(std::max<int64_t>(found.examples, 1));
  return found;
}

std::shared_ptr<const Network> in_int8(const std::shared_ptr<const Network>& network, const std::string& name,
                                       const TeacherContext& context) {
  if (!context.examples.ids().is_cpu())
    throw Error(ErrorKind::usage, "a teacher in int8 is computed on the processor; leave 'precision: int8' out");
  const at::Tensor order = context.examples.order(/*seed=*/0, /*epoch=*/0);
  const int64_t count = std::min(kExamples, order.size(0));
  std::shared_ptr<const Network> int8 = int8_of(network, name, context.examples.batch(order.slice(0, 0, count)).inputs);
  if (context.tell == nullptr) return int8;
  const int64_t begin = order.size(0) >= 2 * count ? count : 0;
  const Int8Agreement found =
      agreement_of(*network, *int8, context.examples.select(order.slice(0, begin, begin + count), "compared"));
  context.tell(
      fmt::format("'{}' teaches in int8: its class is that of float32 on {:.1f} % of {} training examples, and "
                  "the mean divergence of its soft targets KL(float32 ‖ int8) is {:.2g} at T = 1",
                  name, 100 * static_cast<double>(found.same) / static_cast<double>(found.examples), found.examples,
                  found.divergence));
  return int8;
}

}  // namespace limbeck

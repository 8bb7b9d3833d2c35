#include "nn/plan.h"

#include <algorithm>

namespace limbeck {
namespace {

class Planner {
 public:
  Planner(const Graph& graph, Pass pass, const std::vector<size_t>& tapped)
      : nodes_(graph.nodes()),
        pass_(pass),
        tapped_(tapped),
        uses_(graph.uses()),
        taker_(nodes_.size(), Graph::kInput),
        taken_(nodes_.size(), false) {
    for (size_t i = 0; i < nodes_.size(); ++i)
      for (const size_t input : nodes_[i].inputs)
        if (input != Graph::kInput) taker_[input] = i;
  }

  std::vector<Step> steps() {
    std::vector<Step> all;
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (!taken_[i]) all.push_back(step_from(i));
    std::sort(all.begin(), all.end(), [](const Step& a, const Step& b) { return a.output() < b.output(); });
    return all;
  }

 private:
  template <class T>
  bool is(size_t node) const {
    return std::holds_alternative<T>(nodes_[node].operation);
  }
  bool is_image(size_t node) const { return nodes_[node].shape.size() == 3; }

  Step step_from(size_t first) {
    Step step;
    append(step, first);
    if (pass_ == Pass::plain) return step;
    if (is<Linear>(first)) {
      if (append_next<Relu>(step)) append_next<Dropout>(step);
    } else if (is<BatchNorm>(first) && is_image(first) && pass_ == Pass::training) {
      append_sum_and_rectifier(step);
    } else if (is<Convolution>(first) && pass_ == Pass::inference) {
      append_next<BatchNorm>(step);
      append_sum_and_rectifier(step);
    }
    return step;
  }

  void append(Step& step, size_t node) {
    step.nodes.push_back(node);
    taken_[node] = true;
  }

  /// The only node that takes the step's output so far, where it may join.
  std::optional<size_t> next(const Step& step) const {
    const size_t last = step.output();
    const bool is_tapped = std::find(tapped_.begin(), tapped_.end(), last) != tapped_.end();
    if (uses_[last] != 1 || is_tapped || taken_[taker_[last]]) return std::nullopt;
    return taker_[last];
  }

  template <class T>
  bool append_next(Step& step) {
    const auto following = next(step);
    if (!following || !is<T>(*following)) return false;
    append(step, *following);
    return true;
  }

  void append_sum_and_rectifier(Step& step) {
    const auto following = next(step);
    if (following && is<Add>(*following) && nodes_[*following].inputs.size() == 2) {
      const std::vector<size_t>& inputs = nodes_[*following].inputs;
      step.shortcut = inputs[0] == step.output() ? inputs[1] : inputs[0];
      append(step, *following);
    }
    if (!append_next<Relu>(step) && !append_next<Relu6>(step)) append_next<LeakyRelu>(step);
  }

  const std::vector<Node>& nodes_;
  Pass pass_;
  const std::vector<size_t>& tapped_;
  std::vector<size_t> uses_;
  std::vector<size_t> taker_;  ///< of each node, the last one that takes it
  std::vector<bool> taken_;    ///< already in a step
};

}  // namespace

std::vector<Step> plan_steps(const Graph& graph, Pass pass, const std::vector<size_t>& tapped) {
  return Planner(graph, pass, tapped).steps();
}

Rectifier rectifier_of(const Graph& graph, const Step& step) {
  const Operation& last = graph.nodes()[step.output()].operation;
  if (const auto* leaky = std::get_if<LeakyRelu>(&last)) return {.on = true, .slope = static_cast<float>(leaky->slope)};
  if (std::holds_alternative<Relu6>(last)) return {.on = true, .most = 6};
  return {.on = std::holds_alternative<Relu>(last)};
}

}  // namespace limbeck

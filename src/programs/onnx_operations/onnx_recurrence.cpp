// LSTM, GRU and RNN.
#include <ATen/TensorOperators.h>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;
using Weights = OnnxOperationEntry::Weights;

/// One layer, in LibTorch's order of axes: steps first.
struct Recurrence {
  int64_t gates, directions, width;
  bool is_backward, batch_first;
  Value* steps;                              ///< [T, N, I]
  std::vector<Value*> states;                ///< [directions, N, H]: h, and c of LSTMs
  std::vector<std::vector<Value*>> weights;  ///< of each direction: W, R and, where there are any, the biases of both
};

/// Parts of a tensor's first axis in another order.
Value* reordered(OnnxCall& call, Value* value, int64_t width, const std::vector<size_t>& order) {
  const std::vector<Value*> parts = call.split(value, Shape(order.size(), width), 0);
  std::vector<Value*> others;
  others.reserve(order.size());
  for (const size_t place : order) others.push_back(parts[place]);
  return order.size() == 1 ? value : call.call("aten::cat", {call.program.list(others), 0});
}

void refuse_other_activations(OnnxCall& call, const std::vector<std::string>& usual, int64_t directions) {
  const std::vector<std::string> given = call.texts("activations");
  for (size_t i = 0; i < given.size(); ++i)
    if (given[i] != usual[i % usual.size()])
      call.refuse(fmt::format("has the activation '{}' at place {}", given[i], i + 1));
  if (!given.empty() && given.size() != usual.size() * static_cast<size_t>(directions))
    call.refuse("has too few activations");
  if (call.has_attribute("clip")) call.refuse("clips");
}

/// order: where LibTorch's gates stand in ONNX's.
Recurrence recurrence_of(OnnxCall& call, const std::vector<size_t>& order, size_t states) {
  const std::string direction = call.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    call.refuse(fmt::format("runs '{}'", direction));
  const Shape weight = call.shape(1), recurrent = call.shape(2);
  const auto gates = static_cast<int64_t>(order.size());
  Recurrence made{.gates = gates,
                  .directions = direction == "bidirectional" ? 2 : 1,
                  .width = 0,
                  .is_backward = direction == "reverse",
                  .batch_first = call.integer("layout", 0) != 0,
                  .steps = call.tensor(0),
                  .states = {},
                  .weights = {}};
  if (weight.size() != 3 || recurrent.size() != 3 || call.rank(0) != 3 || weight[0] != made.directions ||
      recurrent[0] != made.directions || recurrent[1] != gates * recurrent[2] || weight[1] != recurrent[1])
    call.refuse(fmt::format("has weights of {} and {}", to_text(weight), to_text(recurrent)));
  made.width = recurrent[2];
  if (call.integer("hidden_size", made.width) != made.width)
    call.refuse("has a 'hidden_size' that is not that of its weights");
  if (made.batch_first) made.steps = call.call("aten::transpose", {made.steps, 0, 1});
  if (call.has(4)) {
    const int64_t steps = call.program.tensor(made.steps).size(0);
    if (!call.known(4) || !call.constant(4).eq(steps).all().item<bool>())
      call.refuse("has sequences of different lengths");
  }
  if (made.is_backward) made.steps = call.call("aten::flip", {made.steps, Shape{0}});
  for (size_t state = 0; state < states; ++state) {
    if (!call.has(5 + state)) {
      Value* shape = call.program.int_list(
          {call.number_value(made.directions), call.program.size(made.steps, 1), call.number_value(made.width)});
      made.states.push_back(
          call.call("aten::zeros", {shape}, {{"dtype", call.type(0)}, {"device", call.program.device()}}));
      continue;
    }
    Value* given = call.tensor(5 + state);
    made.states.push_back(made.batch_first ? call.call("aten::transpose", {given, 0, 1}) : given);
  }
  for (int64_t direct = 0; direct < made.directions; ++direct) {
    std::vector<Value*> own;
    for (const size_t place : {1, 2})
      own.push_back(reordered(call, call.call("aten::select", {call.tensor(place), 0, direct}), made.width, order));
    if (call.has(3)) {
      if (call.shape(3) != Shape{made.directions, 2 * gates * made.width})
        call.refuse(fmt::format("has biases of {}", to_text(call.shape(3))));
      Value* both = call.call("aten::select", {call.tensor(3), 0, direct});
      for (Value* bias : call.split(both, Shape(2, gates * made.width), 0))
        own.push_back(reordered(call, bias, made.width, order));
    }
    made.weights.push_back(own);
  }
  return made;
}

/// In ONNX's order, of LibTorch's: outputs [T, N, directions · H] and the last states.
OnnxValues recurrence_results(OnnxCall& call, const Recurrence& of, Value* outputs, const std::vector<Value*>& states) {
  if (of.is_backward) outputs = call.call("aten::flip", {outputs, Shape{0}});
  const auto number = [&](int64_t n) { return call.number_value(n); };
  outputs = call.reshape(
      outputs, {call.program.size(outputs, 0), call.program.size(outputs, 1), number(of.directions), number(of.width)});
  OnnxValues results = {call.permute(outputs, of.batch_first ? Shape{1, 0, 2, 3} : Shape{0, 2, 1, 3})};
  for (Value* state : states)
    results.emplace_back(of.batch_first ? call.call("aten::transpose", {state, 0, 1}) : state);
  return results;
}

Value* weight_list(OnnxCall& call, const Recurrence& of) {
  std::vector<Value*> all;
  for (const auto& own : of.weights) all.insert(all.end(), own.begin(), own.end());
  return call.program.list(all);
}

TriedProgram::Arguments layer_arguments(OnnxCall& call, const Recurrence& of, Value* state) {
  return {of.steps, state, weight_list(call, of), call.has(3), 1, 0.0, false, of.directions == 2, false};
}

OnnxValues run_by_hand(OnnxCall& call, const Recurrence& of, const std::string& source,
                       const TriedProgram::Arguments& more);

OnnxValues onnx_lstm(OnnxCall& call) {
  const Recurrence of = recurrence_of(call, {0, 2, 3, 1}, 2);
  refuse_other_activations(call, {"Sigmoid", "Tanh", "Tanh"}, of.directions);
  if (call.integer("input_forget", 0) != 0) call.refuse("couples its gates");
  if (call.has(7)) {
    if (of.directions != 1 || call.shape(7) != Shape{1, 3 * of.width}) call.refuse("has peepholes in both directions");
    return run_by_hand(call, of, R"(
def lstm(x: Tensor, h: Tensor, c: Tensor, w: Tensor, r: Tensor, b: Tensor, p: Tensor):
    i_p, o_p, f_p = p.chunk(3, 1)
    outputs: List[Tensor] = []
    for t in range(x.size(0)):
        i, f, g, o = (torch.linear(x[t], w, b) + torch.linear(h, r)).chunk(4, 1)
        i = torch.sigmoid(i + i_p * c)
        f = torch.sigmoid(f + f_p * c)
        c = f * c + i * torch.tanh(g)
        h = torch.sigmoid(o + o_p * c) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs), h.unsqueeze(0), c.unsqueeze(0)
)",
                       {call.tensor(7)});
  }
  Value* states = call.program.list(of.states);
  const auto parts = call.program.unpack(call.call("aten::lstm", layer_arguments(call, of, states)), 3);
  return recurrence_results(call, of, parts[0], {parts[1], parts[2]});
}

OnnxValues onnx_gru(OnnxCall& call) {
  const Recurrence of = recurrence_of(call, {1, 0, 2}, 1);
  refuse_other_activations(call, {"Sigmoid", "Tanh"}, of.directions);
  if (call.integer("linear_before_reset", 0) == 0) {
    if (of.directions != 1) call.refuse("resets before its product in both directions");
    return run_by_hand(call, of, R"(
def gru(x: Tensor, h: Tensor, w: Tensor, r: Tensor, b: Tensor):
    outputs: List[Tensor] = []
    r_r, r_z, r_n = r.chunk(3, 0)
    for t in range(x.size(0)):
        a_r, a_z, a_n = torch.linear(x[t], w, b).chunk(3, 1)
        reset = torch.sigmoid(a_r + torch.linear(h, r_r))
        keep = torch.sigmoid(a_z + torch.linear(h, r_z))
        new = torch.tanh(a_n + torch.linear(reset * h, r_n))
        h = (1 - keep) * new + keep * h
        outputs.append(h)
    return torch.stack(outputs), h.unsqueeze(0)
)",
                       {});
  }
  const auto parts = call.program.unpack(call.call("aten::gru", layer_arguments(call, of, of.states[0])), 2);
  return recurrence_results(call, of, parts[0], {parts[1]});
}

OnnxValues onnx_rnn(OnnxCall& call) {
  const Recurrence of = recurrence_of(call, {0}, 1);
  const std::vector<std::string> given = call.texts("activations");
  const bool is_relu = !given.empty() && given[0] == "Relu";
  refuse_other_activations(call, {is_relu ? "Relu" : "Tanh"}, of.directions);
  const auto parts = call.program.unpack(
      call.call(is_relu ? "aten::rnn_relu" : "aten::rnn_tanh", layer_arguments(call, of, of.states[0])), 2);
  return recurrence_results(call, of, parts[0], {parts[1]});
}

/// What LibTorch has no layer for, in one direction: a function of steps, states, both weights, the sum of the biases,
/// and more.
OnnxValues run_by_hand(OnnxCall& call, const Recurrence& of, const std::string& source,
                       const TriedProgram::Arguments& more) {
  const std::vector<Value*>& own = of.weights.at(0);
  TriedProgram::Arguments arguments = {of.steps};
  for (Value* state : of.states) arguments.emplace_back(call.call("aten::select", {state, 0, 0}));
  arguments.emplace_back(own[0]);
  arguments.emplace_back(own[1]);
  arguments.emplace_back(own.size() > 2 ? call.call("aten::add", {own[2], own[3]})
                                        : call.call("aten::mul", {call.call("aten::select", {own[0], 1, 0}), 0}));
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto parts = call.program.unpack(call.program.call_source(source, arguments), 1 + of.states.size());
  return recurrence_results(call, of, parts[0], {parts.begin() + 1, parts.end()});
}

}  // namespace

OnnxOperations onnx_recurrence() {
  return {
      {"GRU", {onnx_gru, Weights::trained}},
      {"LSTM", {onnx_lstm, Weights::trained}},
      {"RNN", {onnx_rnn, Weights::trained}},
  };
}

}  // namespace limbeck

// Attention, and PyTorch's fused layers of it, which nn.MultiheadAttention and nn.TransformerEncoderLayer call in
// evaluation.
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

#include "deploy/torchscript_operations.h"

namespace limbeck {
namespace {

/// softmax(s q kᵀ + mask) v, the mask where there is one
std::string attended(const ScriptCall& call, const std::string& query, const std::string& transposed_key,
                     const std::string& value, double scale, const std::string& mask) {
  std::string scores = call.node("MatMul", {call.node("Mul", {query, call.constant("scale", scale)}), transposed_key});
  if (!mask.empty()) scores = call.node("Add", {scores, mask});
  return call.node("MatMul", {call.node("Softmax", {scores}, {{"axis", -1}}), value});
}

/// A mask as a constant to add; "" without one. Of truths, those that hold stay.
std::string mask_to_add(const ScriptCall& call, at::Tensor mask) {
  if (!mask.defined()) return {};
  constexpr float kHidden = -std::numeric_limits<float>::infinity();
  if (mask.scalar_type() == at::kBool)
    mask = at::zeros(mask.sizes(), at::kFloat).masked_fill(mask.logical_not(), kHidden);
  return call.constant("mask", mask);
}

/// (query, key, value, mask, dropout, is_causal, scale) of LibTorch 2, and that of 1.13 with an underscore, whose sixth
/// argument says whether it gives the weights too and whose seventh is is_causal.
ScriptOperation scaled_dot_product(size_t causal, size_t scale) {
  return [=](const ScriptCall& call) {
    if (call.has(4) && call.number(4) > 0) call.refuse("drops weights");
    if (scale > 0 && call.has(scale + 1) && call.value(scale + 1).toBool()) call.refuse("shares keys (enable_gqa)");
    const at::Tensor query = call.tensor(0), key = call.tensor(1);
    at::Tensor mask = call.fixed(3);
    if (call.has(causal) && call.value(causal).toBool())
      mask = at::ones({query.size(-2), key.size(-2)}, at::kBool).tril();
    const double factor =
        scale > 0 && call.has(scale) ? call.number(scale) : 1 / std::sqrt(static_cast<double>(query.size(-1)));
    return script_result(attended(call, call.operand(0, "query"),
                                  script_swapped(call, call.operand(1, "key"), key.dim(), key.dim() - 2, key.dim() - 1),
                                  call.operand(2, "value"), factor, mask_to_add(call, mask)));
  };
}

struct AttentionLayer {
  int64_t width, heads;
  at::Tensor weight, bias, out_weight, out_bias;  ///< [3 width, width], [3 width], [width, width], [width]
};

/// Of [N, T, width], which asks itself.
std::string self_attention(const ScriptCall& call, const std::string& value, const AttentionLayer& layer,
                           int64_t length) {
  const int64_t depth = layer.width / layer.heads;
  const std::string all = call.node("Reshape", {script_linear(call, value, layer.weight, layer.bias),
                                                call.numbers("heads", {kOpen, length, 3, layer.heads, depth})});
  const auto part = [&](int64_t at, const Shape& order) {
    const std::string one = call.node("Squeeze", {script_slice(call, all, 2, at, at + 1), call.numbers("axes", {2})});
    return call.node("Transpose", {one}, {{"perm", order}});
  };
  const Shape by_head = {0, 2, 1, 3};
  const std::string heads = attended(call, part(0, by_head), part(1, {0, 2, 3, 1}), part(2, by_head),
                                     1 / std::sqrt(static_cast<double>(depth)), {});
  const std::string together = call.node("Reshape", {call.node("Transpose", {heads}, {{"perm", by_head}}),
                                                     call.numbers("width", {kOpen, length, layer.width})});
  return script_linear(call, together, layer.out_weight, layer.out_bias);
}

/// (query, key, value, width, heads, weights and biases, mask, …): one tensor asks itself
ScriptValue multi_head_attention(const ScriptCall& call) {
  if (call.argument(1).onnx != call.argument(0).onnx || call.argument(2).onnx != call.argument(0).onnx)
    call.refuse("asks one tensor about another");
  if (call.has(9)) call.refuse("takes a mask");
  const AttentionLayer layer = {call.integer(3), call.integer(4), call.fixed(5),
                                call.fixed(6),   call.fixed(7),   call.fixed(8)};
  return script_result(self_attention(call, call.operand(0), layer, call.tensor(0).size(1)));
}

/// y = x + attention(x), y + W₂ f(W₁ y), normed before or after each
ScriptValue encoder_layer(const ScriptCall& call) {
  if (call.has(18)) call.refuse("takes a mask");
  const AttentionLayer layer = {call.integer(1), call.integer(2), call.fixed(3),
                                call.fixed(4),   call.fixed(5),   call.fixed(6)};
  const bool uses_gelu = call.value(7).toBool(), norms_first = call.value(8).toBool();
  const auto normed = [&](const std::string& value, size_t place) {
    return script_layer_norm(call, value, 1, call.fixed(place), call.fixed(place + 1), call.number(9));
  };
  const auto feed_forward = [&](const std::string& value) {
    const std::string hidden = script_linear(call, value, call.fixed(14), call.fixed(15));
    return script_linear(call, uses_gelu ? script_gelu(call, hidden) : call.node("Relu", {hidden}), call.fixed(16),
                         call.fixed(17));
  };
  const auto attention = [&](const std::string& value) {
    return self_attention(call, value, layer, call.tensor(0).size(1));
  };
  const std::string x = call.operand(0);
  if (norms_first) {
    const std::string y = call.node("Add", {x, attention(normed(x, 10))});
    return script_result(call.node("Add", {y, feed_forward(normed(y, 12))}));
  }
  const std::string y = normed(call.node("Add", {x, attention(x)}), 10);
  return script_result(normed(call.node("Add", {y, feed_forward(y)}), 12));
}

}  // namespace

ScriptOperations script_attention() {
  return {
      {"_native_multi_head_attention", multi_head_attention},
      {"_scaled_dot_product_attention", scaled_dot_product(6, 0)},
      {"_transformer_encoder_layer_fwd", encoder_layer},
      {"scaled_dot_product_attention", scaled_dot_product(5, 6)},
  };
}

}  // namespace limbeck

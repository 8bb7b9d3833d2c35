// Products of matrices, and losses.
#include <ATen/TensorOperators.h>

#include "programs/onnx_operations.h"

namespace limbeck {
namespace {

using Value = TriedProgram::Value;
using Weights = OnnxOperationEntry::Weights;

Value* transposed(OnnxCall& call, Value* value) {
  return call.call("aten::transpose", {value, -2, -1});
}

Value* times(OnnxCall& call, Value* value, double factor) {
  return factor == 1 ? value : call.call("aten::mul", {value, factor});
}

OnnxValues onnx_matmul(OnnxCall& call) {
  return {call.call("aten::matmul", {call.tensor(0), call.tensor(1)})};
}

/// α A B + β C
OnnxValues onnx_gemm(OnnxCall& call) {
  const double alpha = call.number("alpha", 1), beta = call.number("beta", 1);
  if (call.rank(0) != 2 || call.rank(1) != 2) call.refuse("expected two matrices");
  Value* first = call.tensor(0);
  if (call.integer("transA", 0) != 0) first = transposed(call, first);
  const bool is_plain = alpha == 1 && beta == 1, is_transposed = call.integer("transB", 0) != 0;
  if (is_plain && is_transposed && (!call.has(2) || call.rank(2) == 1))
    return {call.call("aten::linear", {first, call.tensor(1), call.has(2) ? call.tensor(2) : call.none()})};
  Value* second = is_transposed ? transposed(call, call.tensor(1)) : call.tensor(1);
  if (is_plain && call.has(2) && call.rank(2) == 1) return {call.call("aten::addmm", {call.tensor(2), first, second})};
  Value* product = times(call, call.call("aten::matmul", {first, second}), alpha);
  if (!call.has(2) || beta == 0) return {product};
  return {call.call("aten::add", {product, times(call, call.tensor(2), beta)})};
}

int64_t loss_reduction(OnnxCall& call) {
  const std::string reduction = call.text("reduction", "mean");
  if (reduction != "none" && reduction != "mean" && reduction != "sum")
    call.refuse(fmt::format("reduces by '{}'", reduction));
  return reduction == "none" ? 0 : reduction == "mean" ? 1 : 2;  // at::Reduction
}

/// −Σ w x[label]
OnnxValues onnx_label_loss(OnnxCall& call) {
  Value* weight = call.has(2) ? call.tensor(2) : call.none();
  constexpr int64_t kNone = -100;
  return {call.call("aten::nll_loss_nd", {call.tensor(0), call.cast(call.tensor(1), at::kLong), weight,
                                          loss_reduction(call), call.integer("ignore_index", kNone)})};
}

OnnxValues onnx_cross_entropy(OnnxCall& call) {
  Value* logs = call.call("aten::log_softmax", {call.tensor(0), 1});
  Value* weight = call.has(2) ? call.tensor(2) : call.none();
  constexpr int64_t kNone = -100;
  return {call.call("aten::nll_loss_nd", {logs, call.cast(call.tensor(1), at::kLong), weight, loss_reduction(call),
                                          call.integer("ignore_index", kNone)}),
          logs};
}

OnnxValues onnx_einsum(OnnxCall& call) {
  std::vector<Value*> tensors;
  for (size_t place = 0; place < call.inputs(); ++place) tensors.push_back(call.tensor(place));
  if (tensors.empty()) call.refuse("has no input");
  return {call.call("aten::einsum", {call.text("equation", ""), call.program.list(tensors)})};
}

/// α A B, of which each may be transposed
OnnxValues onnx_fused_matmul(OnnxCall& call) {
  if (call.integer("transBatchA", 0) != 0 || call.integer("transBatchB", 0) != 0) call.refuse("transposes batches");
  Value* first = call.integer("transA", 0) != 0 ? transposed(call, call.tensor(0)) : call.tensor(0);
  Value* second = call.integer("transB", 0) != 0 ? transposed(call, call.tensor(1)) : call.tensor(1);
  return {times(call, call.call("aten::matmul", {first, second}), call.number("alpha", 1))};
}

}  // namespace

OnnxOperations onnx_products() {
  return {
      {"Einsum", {onnx_einsum, Weights::trained}},
      {"NegativeLogLikelihoodLoss", {onnx_label_loss}},
      {"SoftmaxCrossEntropyLoss", {onnx_cross_entropy}},
      {"Gemm", {onnx_gemm, Weights::trained}},
      {"MatMul", {onnx_matmul, Weights::trained}},
      {"com.microsoft.FusedMatMul", {onnx_fused_matmul, Weights::trained}},
  };
}

}  // namespace limbeck

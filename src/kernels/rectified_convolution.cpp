#include "kernels/rectified_convolution.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cudnn_convolution_add_relu.h>
#include <ATen/ops/cudnn_convolution_relu.h>

#include <c10/util/accumulate.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "core/error.h"
#include "kernels/captured_work.h"

namespace limbeck {
namespace {

at::Tensor call_library(const Convolution& op, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        const at::Tensor& added) {
  const std::vector<int64_t> stride(2, op.stride), padding(2, op.padding), dilation(2, 1);
  if (!added.defined()) return at::cudnn_convolution_relu(x, weight, bias, stride, padding, dilation, op.groups);
  return at::cudnn_convolution_add_relu(x, weight, added, /*alpha=*/1, bias, stride, padding, dilation, op.groups);
}

/// What the call stands for, but for the ReLU.
at::Tensor convolve_and_add(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& added) {
  const at::Tensor y = at::conv2d(x, weight, bias, op.stride, op.padding, 1, op.groups);
  return added.defined() ? y + added : y;
}

/// Numbers between −1 and 1, without a pattern that a convolution could hide.
at::Tensor waves(at::IntArrayRef shape, const at::Tensor& like) {
  return at::arange(c10::multiply_integers(shape), like.options().dtype(at::kFloat))
      .sin()
      .reshape(shape)
      .to(like.options())
      .contiguous(at::MemoryFormat::ChannelsLast);
}

/// Returns why the call cannot stand for the separate operations.
std::optional<std::string> refusal(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                                   const at::Tensor& bias, bool adds) {
  static constexpr int64_t kCompared = 8;                    // examples
  constexpr double kFloatError = 5e-3, kNarrowError = 3e-2;  // of the largest; TF32 and bfloat16 round the factors
  const at::Tensor input = waves(x.sizes(), x);
  const auto size_of = [&](int64_t pixels) { return (pixels + 2 * op.padding - op.kernel) / op.stride + 1; };
  const at::Tensor added = adds ? waves({x.size(0), op.out, size_of(x.size(2)), size_of(x.size(3))}, x) : at::Tensor();
  const auto few = [](const at::Tensor& of) -> at::Tensor { return of.defined() ? of.slice(0, 0, kCompared) : of; };
  const at::Tensor expected = convolve_and_add(op, few(input), weight, bias, few(added)).to(at::kFloat);
  const double largest = expected.abs().max().item<double>();
  at::Tensor y;
  try {
    // Without a shortcut LibTorch gives cuDNN the output as one, times 0: what this memory held must not matter. The
    // second call gets the memory of the first.
    call_library(op, input, weight, bias, added).fill_(std::numeric_limits<float>::quiet_NaN());
    y = call_library(op, input, weight, bias, added);
  } catch (const std::exception& error) {
    return reason_of(error);
  }
  const double apart = (few(y).to(at::kFloat) - expected.relu()).abs().max().item<double>();
  if (apart <= (x.scalar_type() == at::kFloat ? kFloatError : kNarrowError) * largest) return std::nullopt;
  return fmt::format("results differ by {:.2g}, where the largest is {:.2g}", apart, largest);
}

}  // namespace

bool is_relu(const Rectifier& rectifier) {
  return rectifier.on && rectifier.slope == 0 && std::isinf(rectifier.most);
}

at::Tensor RectifiedConvolution::operator()(const Convolution& op, const at::Tensor& x, const at::Tensor& weight,
                                            const at::Tensor& bias, const at::Tensor& added, const TellReason* tell) {
  const auto refuse = [&](const std::string& reason) {
    bias_ = at::Tensor();
    if (tell != nullptr) (*tell)(reason);
  };
  if (!is_tried_) {
    bias_ = bias.to(weight.scalar_type());
    const auto reason = refusal(op, x, weight, bias_, added.defined());
    is_tried_ = true;
    if (reason) refuse(*reason);
  }
  if (!bias_.defined()) return {};
  try {
    return call_library(op, x, weight, bias_, added);
  } catch (const std::exception& error) {                                       // of another shape than those before
    const at::Tensor y = convolve_and_add(op, x, weight, bias_, added).relu();  // throws if the call is not at fault
    refuse(reason_of(error));
    return y;
  }
}

}  // namespace limbeck

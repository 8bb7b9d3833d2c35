#pragma once
// A quantized network (quantization.h) computed with bytes on the CPU: what that simulates in float32, up to rounding,
// in a fraction of the time where the processor adds products of bytes (AVX-512 VNNI). For networks that are only
// evaluated, such as a teacher.
//
//   const Int8Network int8(quantize(*network, inputs));
//   int8.forward(inputs, {}).logits;
//
// Convolutions of one group with outputs in sixteens keep bytes from one to the next, with their sums, rectifiers and
// rounding; everything else is computed in float32 from values on the same grids.
#include <memory>
#include <optional>
#include <vector>

#include "kernels/int8_convolution.h"
#include "nn/network.h"

namespace limbeck {

class Int8Network : public Network {
 public:
  /// Its weights must not change any more.
  explicit Int8Network(std::shared_ptr<const GraphNetwork> quantized);

  /// Training passes, gradients, taps, and inputs on a device are computed by the simulation.
  Outputs forward(const at::Tensor& inputs, const ForwardOptions& options) const override;
  const std::vector<Parameter>& parameters() const override { return quantized_->parameters(); }
  const std::vector<Parameter>& buffers() const override { return quantized_->buffers(); }
  int64_t parameter_count() const override { return quantized_->parameter_count(); }
  std::optional<int64_t> multiply_adds() const override { return quantized_->multiply_adds(); }
  Capabilities capabilities() const override { return quantized_->capabilities(); }
  std::vector<std::string> features() const override { return quantized_->features(); }
  std::string identity() const override { return quantized_->identity(); }
  /// Throws Error for another device than the CPU.
  void to(at::Device device) override;

  /// Returns how many convolutions are computed with bytes.
  int64_t byte_convolutions() const;

 private:
  /// A convolution with bytes, and the nodes up to the one whose bytes it gives.
  struct ByteConvolution {
    Int8Patches shape;  ///< of no images
    ByteGrid input;
    at::Tensor weights;             ///< packed
    at::Tensor start, scale, bias;  ///< per output (Int8Epilogue)
    std::optional<ByteGrid> product;
    std::optional<size_t> shortcut;
    ByteGrid of_shortcut;
    Rectifier rectifier;
    ByteGrid output;
  };
  struct Step {
    size_t node = 0;
    size_t output = 0;
    std::optional<ByteConvolution> convolution;  ///< else the node is computed in float32
  };
  /// A node's output, as floats or as bytes [N, H, W, C].
  struct Value {
    at::Tensor floats, bytes;
    int64_t channels = 0;  ///< of the bytes, which are filled up to a multiple of 4
    ByteGrid grid;
  };

  static at::Tensor floats_of(const Value& value);
  std::optional<ByteGrid> grid_of(size_t node) const;
  std::optional<Step> byte_step(size_t node, const std::vector<bool>& taken) const;
  ByteConvolution prepare(size_t node) const;
  Value run(const Step& step, const std::vector<Value>& inputs) const;
  at::Tensor logits_of(const at::Tensor& inputs) const;

  std::shared_ptr<const GraphNetwork> quantized_;
  std::vector<size_t> taker_;               ///< of each node, the last one that takes it
  std::vector<OperationContext> contexts_;  ///< of each node, weights as the bytes say them
  std::vector<Step> steps_;
};

}  // namespace limbeck

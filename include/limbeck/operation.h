#pragma once
// The operations of a network, each a struct with its hyperparameters and its formula. Graphs (graph.h) consist of
// them; kernels take them as arguments.
//
//   graph.add("fc1", Linear{.in = 784, .out = 10}, {at});
//
// Thread-safety: operations are values.
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

/// The shape of one example, without the batch dimension: {1, 28, 28}, {800}.
using Shape = std::vector<int64_t>;

int64_t element_count(const Shape& shape);
/// "1x28x28"
std::string to_text(const Shape& shape);

/// Initialization of a parameter. fan_in and fan_out: number of inputs and outputs connected to a unit, times the
/// kernel's area.
enum class Initial {
  uniform,         ///< in ±1/√fan_in: PyTorch's default for linear and convolutional layers
  kaiming_normal,  ///< N(0, 2/fan_out) (He et al. 2015): convolutions of ResNet implementations
  glorot_uniform,  ///< in ±√(6/(fan_in + fan_out)) (Glorot, Bengio 2010): Keras' default
  small_normal,    ///< N(0, 0.01²): classifiers of MobileNet implementations
  zeros,
  ones,
};

/// y = x Wᵀ + b;  W [out, in], b [out].
struct Linear {
  int64_t in = 0;
  int64_t out = 0;
  bool bias = true;
  Initial initial = Initial::uniform;
  bool rounds = false;  ///< W is quantized to int8, with a scale per output
};
/// Cross-correlation of [in, H, W] with W [out, in/groups, kernel, kernel], zero padding; b [out].
struct Convolution {
  int64_t in = 0;
  int64_t out = 0;
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t groups = 1;
  bool bias = false;
  Initial initial = Initial::uniform;
  bool rounds = false;  ///< W is quantized to int8, with a scale per output channel
};
/// y = γ (x − μ) / √(σ² + ε) + β over the batch and all positions of a channel (Ioffe, Szegedy 2015). In training, μ
/// and σ² are the batch statistics, and the running statistics are updated with the factor `momentum` (σ² as the
/// unbiased estimate); in evaluation, they are the running statistics.
struct BatchNorm {
  int64_t channels = 0;
  double epsilon = 1e-5;
  double momentum = 0.1;
};
/// y = max(x, 0).
struct Relu {};
/// y = min(max(x, 0), 6).
struct Relu6 {};
/// y = x where x ≥ 0, slope · x elsewhere.
struct LeakyRelu {
  double slope = 0.01;
};
/// Channel c of the output is the largest of `pieces` channels of the input (Goodfellow et al. 2013):
/// y_c = max over p of x_(p·C + c), C the channels or units of the output.
struct Maxout {
  int64_t pieces = 2;
};
/// Maximum of each window; padding is −∞.
struct MaxPool {
  int64_t kernel = 2;
  int64_t stride = 2;
  int64_t padding = 0;
  bool ceil = false;  ///< include windows that extend beyond the border
};
/// Mean of each window; zero padding is included in the mean.
struct AveragePool {
  int64_t kernel = 2;
  int64_t stride = 2;
  int64_t padding = 0;
};
/// [C, H, W] → [C]: the mean of each channel.
struct GlobalAveragePool {
  bool flat = true;  ///< false: [C, 1, 1], for classifiers that are 1×1 convolutions
};
/// Sum of two or more inputs of one shape.
struct Add {};
/// Concatenation of inputs [C_i, H, W] along channels: [Σ C_i, H, W].
struct Concatenate {};
/// Channels begin … end − 1 of [C, H, W].
struct Slice {
  int64_t begin = 0;
  int64_t end = 0;
};
/// Channel i of the input becomes (i mod C/groups) · groups + i / (C/groups) (Zhang et al. 2017, ShuffleNet).
struct ChannelShuffle {
  int64_t groups = 2;
};
/// In training, sets each element to 0 with this probability and divides the others by 1 − probability
/// (Srivastava et al. 2014, inverted form); otherwise y = x.
struct Dropout {
  double probability = 0.5;
  uint32_t lane = 0;  ///< distinguishes the dropout nodes of a network; assigned by Graph
};
/// [C, H, W] → [C·H·W].
struct Flatten {};
/// y = (x − mean) / deviation, per channel.
struct Normalize {
  std::vector<double> mean;
  std::vector<double> deviation;
};
/// [C, H, W] → [C, height, width]: bilinear interpolation between pixel centers, with averaging over the covered pixels
/// (antialiasing) when downsampling.
struct Resize {
  int64_t height = 0;
  int64_t width = 0;
};
/// Rounds x to 8 bits (uint8):  y = s (clamp(round(x / s) + z, 0, 255) − z), with scale s and zero point z from the
/// node's buffers. A gradient passes where x is in range.
struct Quantize {};

using Operation = std::variant<Linear, Convolution, BatchNorm, Relu, Relu6, LeakyRelu, Maxout, MaxPool, AveragePool,
                               GlobalAveragePool, Add, Concatenate, Slice, ChannelShuffle, Dropout, Flatten, Normalize,
                               Resize, Quantize>;

/// "linear", "relu", …
std::string operation_name(const Operation& operation);

struct ParameterDescription {
  std::string name;  ///< "fc1.weight"
  Shape shape;
  Initial initial = Initial::uniform;
  int64_t fan_in = 1;
  int64_t fan_out = 1;
};

}  // namespace LIMBECK_API

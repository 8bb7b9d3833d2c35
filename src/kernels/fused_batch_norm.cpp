#include "kernels/fused_batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <vector>

#include "core/vectorize.h"
#include "device/autograd_function.h"
#include "kernels/pieces.h"
#include "kernels/torch_compatibility.h"

namespace limbeck {
namespace {

using AutogradContext = torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kImageFormat = at::MemoryFormat::ChannelsLast;
constexpr int64_t kPattern = 512;  // elements, about: what repeats with the channels is written out to so many
constexpr int64_t kPatterns = 32;  // in a piece: what one float may sum up

/// An image as rows of channels, cut into patterns (some rows, so that the inner loops are long) and pieces (some
/// patterns).
struct Pieces {
  int64_t channels, rows;
  int64_t pattern_rows, piece_rows;

  Pieces(int64_t channels_of, int64_t rows_of)
      : channels(channels_of),
        rows(rows_of),
        pattern_rows(std::max<int64_t>(1, kPattern / channels)),
        piece_rows(pattern_rows * kPatterns) {}
  int64_t count() const { return (rows + piece_rows - 1) / piece_rows; }
  int64_t pattern() const { return pattern_rows * channels; }

  std::vector<float> repeated(const std::vector<double>& values) const {
    std::vector<float> all;
    for (int64_t row = 0; row < pattern_rows; ++row) all.insert(all.end(), values.begin(), values.end());
    return all;
  }
};

LIMBECK_VECTORIZED
void add_moments(const float* __restrict x, const float* __restrict near, float* __restrict sum,
                 float* __restrict squares, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float value = x[i] - near[i];
    sum[i] += value;
    squares[i] += value * value;
  }
}

LIMBECK_VECTORIZED
void normalize(const float* __restrict x, const float* __restrict scale, const float* __restrict shift,
               float* __restrict y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] * scale[i] + shift[i];
}

LIMBECK_VECTORIZED
void normalize_and_add(const float* __restrict x, const float* __restrict scale, const float* __restrict shift,
                       const float* __restrict added, float* __restrict y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] * scale[i] + shift[i] + added[i];
}

LIMBECK_VECTORIZED
void rectify(float* y, float slope, float most, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = y[i] > 0 ? (y[i] < most ? y[i] : most) : y[i] * slope;
}

/// passed = gradient where 0 < y < most, 0 where y = most, slope · gradient elsewhere.
LIMBECK_VECTORIZED
void pass_rectifier(const float* __restrict gradient, const float* __restrict y, float slope, float most,
                    float* __restrict passed, int64_t count) {
  for (int64_t i = 0; i < count; ++i) passed[i] = gradient[i] * (y[i] > 0 ? (y[i] < most ? 1.0F : 0.0F) : slope);
}

LIMBECK_VECTORIZED
void add_products(const float* __restrict gradient, const float* __restrict x, const float* __restrict mean,
                  float* __restrict sum, float* __restrict products, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    sum[i] += gradient[i];
    products[i] += gradient[i] * (x[i] - mean[i]);
  }
}

LIMBECK_VECTORIZED
void combine(const float* __restrict gradient, const float* __restrict x, const float* __restrict of_gradient,
             const float* __restrict of_x, const float* __restrict constant, float* __restrict to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = gradient[i] * of_gradient[i] + x[i] * of_x[i] + constant[i];
}

/// Calls body(first element, elements) for each pattern of a piece.
template <class Body>
void over_patterns(const Pieces& pieces, int64_t piece, const Body& body) {
  const int64_t last = std::min(pieces.rows, (piece + 1) * pieces.piece_rows);
  for (int64_t row = piece * pieces.piece_rows; row < last; row += pieces.pattern_rows)
    body(row * pieces.channels, std::min(pieces.pattern_rows, last - row) * pieces.channels);
}

/// Two sums per channel over the whole image: add(first, elements, sum, second) adds a pattern's to two arrays of a
/// pattern's size.
template <class Add>
std::pair<std::vector<double>, std::vector<double>> channel_sums(const Pieces& pieces, const Add& add) {
  const auto channels = static_cast<size_t>(pieces.channels);
  std::vector<double> partial(static_cast<size_t>(pieces.count()) * 2 * channels, 0.0);
  for_each_piece(pieces.count(), [&](int64_t piece) {
    std::vector<float> sums(static_cast<size_t>(2 * pieces.pattern()));
    over_patterns(pieces, piece, [&](int64_t first, int64_t count) {
      add(first, count, sums.data(), sums.data() + pieces.pattern());
    });
    double* to = partial.data() + static_cast<size_t>(piece) * 2 * channels;
    for (int64_t i = 0; i < pieces.pattern(); ++i) {
      to[i % pieces.channels] += sums[static_cast<size_t>(i)];
      to[pieces.channels + i % pieces.channels] += sums[static_cast<size_t>(pieces.pattern() + i)];
    }
  });
  std::pair<std::vector<double>, std::vector<double>> total{std::vector<double>(channels),
                                                            std::vector<double>(channels)};
  for (size_t piece = 0; piece < static_cast<size_t>(pieces.count()); ++piece)
    for (size_t c = 0; c < channels; ++c) {
      total.first[c] += partial[piece * 2 * channels + c];
      total.second[c] += partial[piece * 2 * channels + channels + c];
    }
  return total;
}

Pieces pieces_of(const at::Tensor& image) {
  return {image.size(1), image.numel() / image.size(1)};
}

struct Statistics {
  std::vector<double> mean, variance;  ///< of the batch; the population's
};

Statistics statistics_of_batch(const at::Tensor& x) {
  const Pieces pieces = pieces_of(x);
  const float* from = read_pointer<float>(x);
  const std::vector<double> first(from, from + pieces.channels);  // near the mean, so that squares do not cancel
  const std::vector<float> near = pieces.repeated(first);
  auto [sum, squares] = channel_sums(pieces, [&](int64_t at, int64_t count, float* sums, float* of_squares) {
    add_moments(from + at, near.data(), sums, of_squares, count);
  });
  const auto rows = static_cast<double>(pieces.rows);
  for (size_t c = 0; c < sum.size(); ++c) {
    const double offset = sum[c] / rows;
    squares[c] = std::max(0.0, squares[c] / rows - offset * offset);
    sum[c] = first[c] + offset;
  }
  return {std::move(sum), std::move(squares)};
}

void update_running(const BatchNorm& op, const Statistics& batch, double rows, const NormTensors& norm) {
  at::Tensor running_mean = norm.running_mean, running_variance = norm.running_variance;
  auto *mean = running_mean.data_ptr<float>(), *variance = running_variance.data_ptr<float>();
  const double unbiased = rows > 1 ? rows / (rows - 1) : 1;
  for (size_t c = 0; c < batch.mean.size(); ++c) {
    mean[c] = static_cast<float>((1 - op.momentum) * mean[c] + op.momentum * batch.mean[c]);
    variance[c] = static_cast<float>((1 - op.momentum) * variance[c] + op.momentum * batch.variance[c] * unbiased);
  }
}

std::vector<double> as_doubles(const at::Tensor& values) {
  const float* from = read_pointer<float>(values);
  return {from, from + values.numel()};
}

at::Tensor as_tensor(const std::vector<double>& values) {
  return at::tensor(values, at::kFloat);
}

class FusedBatchNorm : public torch::autograd::Function<FusedBatchNorm> {
 public:
  /// `added`: [0] for none, since autograd takes no undefined tensors.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& image, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& shortcut, const BatchNorm& op,
                            const NormTensors& norm, Rectifier rectifier) {
    const at::Tensor x = image.contiguous(kImageFormat);
    const bool adds = shortcut.numel() > 0;
    const at::Tensor added = adds ? shortcut.contiguous(kImageFormat) : shortcut;
    const Pieces pieces = pieces_of(x);
    const Statistics batch = statistics_of_batch(x);
    update_running(op, batch, static_cast<double>(pieces.rows), norm);
    std::vector<double> scale = as_doubles(weight), shift = as_doubles(bias), inverse(scale.size());
    for (size_t c = 0; c < scale.size(); ++c) {
      inverse[c] = 1 / std::sqrt(batch.variance[c] + op.epsilon);
      scale[c] *= inverse[c];
      shift[c] -= batch.mean[c] * scale[c];
    }
    at::Tensor y = at::empty_like(x);
    const std::vector<float> scales = pieces.repeated(scale), shifts = pieces.repeated(shift);
    const float *from = read_pointer<float>(x), *plus = adds ? read_pointer<float>(added) : nullptr;
    float* to = y.data_ptr<float>();
    for_each_piece(pieces.count(), [&](int64_t piece) {
      over_patterns(pieces, piece, [&](int64_t at, int64_t count) {
        if (plus == nullptr)
          normalize(from + at, scales.data(), shifts.data(), to + at, count);
        else
          normalize_and_add(from + at, scales.data(), shifts.data(), plus + at, to + at, count);
        if (rectifier.on) rectify(to + at, rectifier.slope, rectifier.most, count);
      });
    });
    context->save_for_backward({x, y, weight, as_tensor(batch.mean), as_tensor(inverse)});
    context->saved_data["adds"] = adds;
    context->saved_data["rectifies"] = rectifier.on;
    context->saved_data["slope"] = static_cast<double>(rectifier.slope);
    context->saved_data["most"] = static_cast<double>(rectifier.most);
    return y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &y = saved[1];
    const std::vector<double> weight = as_doubles(saved[2]), mean = as_doubles(saved[3]),
                              inverse = as_doubles(saved[4]);
    const Pieces pieces = pieces_of(x);
    const at::Tensor gradient = gradients[0].contiguous(kImageFormat);
    const bool rectifies = context->saved_data["rectifies"].toBool();
    const auto slope = static_cast<float>(context->saved_data["slope"].toDouble()),
               most = static_cast<float>(context->saved_data["most"].toDouble());
    // What passes the rectifier is written down once: it is the shortcut's gradient, and both passes read it.
    at::Tensor passed = rectifies ? at::empty_like(x) : gradient;
    const float *of_y = read_pointer<float>(gradient), *outputs = read_pointer<float>(y),
                *inputs = read_pointer<float>(x);
    float* to_passed = rectifies ? passed.data_ptr<float>() : nullptr;
    const float* through = rectifies ? to_passed : of_y;
    const std::vector<float> means = pieces.repeated(mean);
    const auto [sum, products] = channel_sums(pieces, [&](int64_t at, int64_t count, float* sums, float* of_products) {
      if (rectifies) pass_rectifier(of_y + at, outputs + at, slope, most, to_passed + at, count);
      add_products(through + at, inputs + at, means.data(), sums, of_products, count);
    });
    const auto rows = static_cast<double>(pieces.rows);
    std::vector<double> of_weight(sum.size()), of_gradient(sum.size()), of_x(sum.size()), constant(sum.size());
    for (size_t c = 0; c < sum.size(); ++c) {
      of_weight[c] = products[c] * inverse[c];
      of_gradient[c] = weight[c] * inverse[c];
      of_x[c] = -of_gradient[c] * inverse[c] * of_weight[c] / rows;
      constant[c] = -of_gradient[c] * sum[c] / rows - of_x[c] * mean[c];
    }
    const std::vector<float> a = pieces.repeated(of_gradient), b = pieces.repeated(of_x), k = pieces.repeated(constant);
    at::Tensor to_x = at::empty_like(x);
    float* to = to_x.data_ptr<float>();
    for_each_piece(pieces.count(), [&](int64_t piece) {
      over_patterns(pieces, piece, [&](int64_t at, int64_t count) {
        combine(through + at, inputs + at, a.data(), b.data(), k.data(), to + at, count);
      });
    });
    const at::Tensor none;
    return {
        to_x, as_tensor(of_weight), as_tensor(sum), context->saved_data["adds"].toBool() ? passed : none, none, none,
        none};
  }
};

}  // namespace

at::Tensor fused_batch_norm(const BatchNorm& op, const at::Tensor& x, const NormTensors& norm, const at::Tensor& added,
                            Rectifier rectifier) {
  return FusedBatchNorm::apply(x, norm.weight, norm.bias, added.defined() ? added : at::empty({0}, x.options()), op,
                               norm, rectifier);
}

}  // namespace limbeck

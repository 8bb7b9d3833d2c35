#pragma once
// Trained layers of losses: connectors between features of different shapes, and what compares them. They are made in
// Loss::prepare and used in Loss::value.
//
//   convolution_ = LossConvolution(parameters, "convolution.", {.in = 32, .out = 64});
//   at::Tensor mapped = convolution_(feature);
//
// Thread-safety: as that of a loss.
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "loss/feature_pairs.h"

namespace limbeck {

/// y = x Wᵀ + b of vectors [N, in]; parameters PREFIXweight [out, in], PREFIXbias [out].
class LossLinear {
 public:
  LossLinear() = default;
  LossLinear(LossParameters& parameters, const std::string& prefix, int64_t in, int64_t out);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
};

/// A convolution of maps [N, in, H, W]; parameters PREFIXweight [out, in/groups, kernel, kernel], and with `bias`
/// PREFIXbias [out].
struct ConvolutionShape {
  int64_t in = 0;
  int64_t out = 0;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t groups = 1;
  bool bias = true;
};
class LossConvolution {
 public:
  LossConvolution() = default;
  LossConvolution(LossParameters& parameters, const std::string& prefix, const ConvolutionShape& shape);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  ConvolutionShape shape_;
  at::Tensor weight_, bias_;
};

/// Batch norm by the statistics of the batch: losses are evaluated in training alone, so that there are no running
/// ones. Of maps or vectors; parameters PREFIXweight [channels], PREFIXbias [channels].
class LossBatchNorm {
 public:
  LossBatchNorm() = default;
  LossBatchNorm(LossParameters& parameters, const std::string& prefix, int64_t channels);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
};

/// A convolution without bias, then batch norm; parameters PREFIXconvolution.weight, PREFIXnorm.weight,
/// PREFIXnorm.bias.
class NormalizedConvolution {
 public:
  NormalizedConvolution() = default;
  NormalizedConvolution(LossParameters& parameters, const std::string& prefix, ConvolutionShape shape);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  LossConvolution convolution_;
  LossBatchNorm norm_;
};

/// The simplest trained map from a feature of the student to the shape of one of the teacher: a 1×1 convolution of
/// maps, at the student's height and width, or a linear layer of vectors. A map is averaged over its pixels where the
/// other is a vector.
class Connector {
 public:
  Connector() = default;
  /// Throws Error of kind usage if the features cannot be connected.
  Connector(LossParameters& parameters, const std::string& prefix, const ShapePair& pair);
  /// Returns the mapped feature of the student, and that of the teacher, at the smaller height and width.
  FeaturePair operator()(const FeaturePair& pair) const;

 private:
  bool maps_ = false;
  LossConvolution convolution_;
  LossLinear linear_;
};

/// A 1×1 convolution of maps without bias, and batch norm after it, from a feature of the student to the channels of
/// one of the teacher; parameters PREFIXconvolution.weight, PREFIXnorm.weight, PREFIXnorm.bias.
class NormalizedConnector {
 public:
  NormalizedConnector() = default;
  /// Throws Error of kind usage unless both features are maps.
  NormalizedConnector(LossParameters& parameters, const std::string& prefix, const ShapePair& pair);
  /// Returns the mapped feature of the student, and that of the teacher, at the smaller height and width.
  FeaturePair operator()(const FeaturePair& pair) const;

 private:
  NormalizedConvolution convolution_;
};

/// What stands before the names of the parameters of pair i, from 0: nothing if there is one pair, or "1.", "2.", …
std::string prefix_of_pair(size_t i, size_t pairs);

/// A connector for each pair, with the parameters weight and bias, of several pairs 1.weight, 1.bias, 2.weight, …
std::vector<Connector> connectors(LossParameters& parameters, const std::vector<ShapePair>& pairs);
std::vector<NormalizedConnector> normalized_connectors(LossParameters& parameters, const std::vector<ShapePair>& pairs);

/// Returns maps [N, C, H, W] averaged over their pixels, [N, C]; vectors as they are.
at::Tensor pooled_vector(const at::Tensor& feature);

}  // namespace limbeck

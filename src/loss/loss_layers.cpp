#include "loss/loss_layers.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>

#include "core/error.h"
#include "loss/pooling.h"

namespace limbeck {
namespace {

at::Tensor in_type_of(const at::Tensor& parameter, const at::Tensor& x) {
  if (!parameter.defined()) return parameter;
  return parameter.to(x.scalar_type());
}

void require_made(const at::Tensor& parameter) {
  if (!parameter.defined()) throw Error("the shapes of a loss's features are needed first");
}

template <class Kind>
std::vector<Kind> connectors_of(LossParameters& parameters, const std::vector<ShapePair>& pairs) {
  std::vector<Kind> all;
  for (size_t i = 0; i < pairs.size(); ++i) all.emplace_back(parameters, prefix_of_pair(i, pairs.size()), pairs[i]);
  return all;
}

}  // namespace

LossLinear::LossLinear(LossParameters& parameters, const std::string& prefix, int64_t in, int64_t out)
    : weight_(parameters.make({.name = prefix + "weight", .shape = {out, in}, .fan_in = in, .fan_out = out})),
      bias_(parameters.make({.name = prefix + "bias", .shape = {out}, .fan_in = in, .fan_out = out})) {}

at::Tensor LossLinear::operator()(const at::Tensor& x) const {
  require_made(weight_);
  return at::linear(x, in_type_of(weight_, x), in_type_of(bias_, x));
}

LossConvolution::LossConvolution(LossParameters& parameters, const std::string& prefix, const ConvolutionShape& shape)
    : shape_(shape) {
  const int64_t area = shape.kernel * shape.kernel;
  const int64_t fan_in = shape.in / shape.groups * area, fan_out = shape.out / shape.groups * area;
  weight_ = parameters.make({.name = prefix + "weight",
                             .shape = {shape.out, shape.in / shape.groups, shape.kernel, shape.kernel},
                             .fan_in = fan_in,
                             .fan_out = fan_out});
  if (shape.bias)
    bias_ = parameters.make({.name = prefix + "bias", .shape = {shape.out}, .fan_in = fan_in, .fan_out = fan_out});
}

at::Tensor LossConvolution::operator()(const at::Tensor& x) const {
  require_made(weight_);
  return at::conv2d(x, in_type_of(weight_, x), in_type_of(bias_, x), shape_.stride, shape_.padding, /*dilation=*/1,
                    shape_.groups);
}

LossBatchNorm::LossBatchNorm(LossParameters& parameters, const std::string& prefix, int64_t channels)
    : weight_(parameters.make({.name = prefix + "weight", .shape = {channels}, .initial = Initial::ones})),
      bias_(parameters.make({.name = prefix + "bias", .shape = {channels}, .initial = Initial::zeros})) {}

at::Tensor LossBatchNorm::operator()(const at::Tensor& x) const {
  require_made(weight_);
  constexpr double kEpsilon = 1e-5;
  return at::batch_norm(x, in_type_of(weight_, x), in_type_of(bias_, x), {}, {}, /*training=*/true, /*momentum=*/0,
                        kEpsilon, /*cudnn_enabled=*/true);
}

NormalizedConvolution::NormalizedConvolution(LossParameters& parameters, const std::string& prefix,
                                             ConvolutionShape shape) {
  shape.bias = false;  // batch norm has one
  convolution_ = LossConvolution(parameters, prefix + "convolution.", shape);
  norm_ = LossBatchNorm(parameters, prefix + "norm.", shape.out);
}

at::Tensor NormalizedConvolution::operator()(const at::Tensor& x) const {
  return norm_(convolution_(x));
}

Connector::Connector(LossParameters& parameters, const std::string& prefix, const ShapePair& pair) {
  const auto& [student, teacher] = pair;
  const size_t ours = student.second.size(), theirs = teacher.second.size();
  if ((ours != 3 && ours != 1) || (theirs != 3 && theirs != 1) || ours < theirs)
    refuse_features(student, teacher,
                    "two pictures [channels, height, width], two vectors, or a vector of the teacher's");
  maps_ = ours == 3 && theirs == 3;
  const int64_t in = student.second[0], out = teacher.second[0];
  if (maps_)
    convolution_ = LossConvolution(parameters, prefix, {.in = in, .out = out});
  else
    linear_ = LossLinear(parameters, prefix, in, out);
}

FeaturePair Connector::operator()(const FeaturePair& pair) const {
  if (!maps_) return {linear_(pooled_vector(pair.student)), pair.teacher};
  const FeaturePair pooled = pooled_to_one_size(pair);
  return {convolution_(pooled.student), pooled.teacher};
}

NormalizedConnector::NormalizedConnector(LossParameters& parameters, const std::string& prefix, const ShapePair& pair) {
  require_maps({pair});
  const int64_t in = pair.student.second[0], out = pair.teacher.second[0];
  convolution_ = NormalizedConvolution(parameters, prefix, {.in = in, .out = out});
}

FeaturePair NormalizedConnector::operator()(const FeaturePair& pair) const {
  const FeaturePair pooled = pooled_to_one_size(pair);
  return {convolution_(pooled.student), pooled.teacher};
}

std::string prefix_of_pair(size_t i, size_t pairs) {
  return pairs == 1 ? "" : fmt::format("{}.", i + 1);
}

std::vector<Connector> connectors(LossParameters& parameters, const std::vector<ShapePair>& pairs) {
  return connectors_of<Connector>(parameters, pairs);
}

std::vector<NormalizedConnector> normalized_connectors(LossParameters& parameters,
                                                       const std::vector<ShapePair>& pairs) {
  return connectors_of<NormalizedConnector>(parameters, pairs);
}

at::Tensor pooled_vector(const at::Tensor& feature) {
  return feature.dim() == 4 ? feature.mean(at::IntArrayRef{2, 3}) : feature;
}

}  // namespace limbeck

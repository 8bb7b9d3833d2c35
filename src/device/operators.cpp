#include "device/operators.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_addmm_activation.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/threshold_backward.h>
#include <torch/library.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "device/autograd_function.h"
#include "device/implementations.h"

namespace limbeck {
namespace {

using torch::autograd::variable_list;
using DeviceContext = torch::autograd::AutogradContext;

const std::vector<const char*>& device_schemas() {
  static const std::vector<const char*> schemas = {
      "draw_views(Tensor ids, Tensor epoch, int seed, int count) -> Tensor",
      "picture_views(Tensor pixels, Tensor ids, Tensor views, int padding, int fill, bool horizontal, bool vertical, "
      "float scale) -> Tensor",
      "normalize_pictures(Tensor x, Tensor mean, Tensor deviation, ScalarType type) -> Tensor",
      "drop_units(Tensor x, Tensor ids, Tensor epoch, int seed, int lane, float probability) -> Tensor",
      "batch_norm_forward(Tensor x, Tensor weight, Tensor bias, Tensor(a!) running_mean, Tensor(b!) running_variance, "
      "float momentum, float epsilon, Tensor? added, bool on, float slope, float most) -> (Tensor, Tensor, Tensor)",
      "batch_norm_backward(Tensor gradient, Tensor? of_twin, Tensor x, Tensor y, Tensor weight, Tensor mean, Tensor "
      "inverse, bool adds, "
      "bool on, float slope, float most) -> (Tensor, Tensor, Tensor, Tensor)",
      "add_and_rectify(Tensor(a!) x, Tensor? bias, Tensor? added, bool on, float slope, float most) -> ()",
      "soft_target_loss(Tensor z, Tensor v, float temperature, bool cross_entropy, float factor) -> (Tensor, Tensor)",
      "label_loss(Tensor z, Tensor labels, Tensor? partner_labels, Tensor? mix) -> (Tensor, Tensor)",
      "add_step(Tensor(a!) sums, Tensor(b!) state, Tensor(c!) failed, Tensor rates, Tensor(d!) rate, Tensor terms, "
      "Tensor weights, Tensor logits, Tensor labels, int[] needs_labels, int networks) -> ()",
      "sgd_update(Tensor(a!)[] values, Tensor(b!)[] momenta, Tensor[] gradients, Tensor?[] rounded, Tensor rate, "
      "Tensor state, float decay, float momentum, bool nesterov) -> ()",
      "adam_update(Tensor(a!)[] values, Tensor(b!)[] means, Tensor(c!)[] squares, Tensor[] gradients, "
      "Tensor?[] rounded, Tensor steps, Tensor rate, Tensor state, float beta1, float beta2, float epsilon, "
      "float decay, bool decoupled) -> ()"};
  return schemas;
}

// A torch::Library takes its operators out of the dispatcher when it is destroyed; these stay to the end.

bool define_device_operators() {
  // Another copy of this code in the process (a program's, beside the shared library's) may have been first.
  if (c10::Dispatcher::singleton().findSchema({"limbeck::draw_views", ""}).has_value()) return true;
  auto* operators = new torch::Library(torch::Library::FRAGMENT, "limbeck", {}, __FILE__, __LINE__);
  for (const char* schema : device_schemas()) operators->def(schema);
  auto* plain = new torch::Library(torch::Library::IMPL, "limbeck", c10::DispatchKey::CompositeExplicitAutograd,
                                   __FILE__, __LINE__);
#define LIMBECK_IMPLEMENT(name) plain->impl(#name, TORCH_FN(device_plain::name));
  LIMBECK_FOR_EACH_DEVICE_OPERATOR(LIMBECK_IMPLEMENT)
#undef LIMBECK_IMPLEMENT
#ifdef LIMBECK_HAS_CUDA_KERNELS
  register_device_kernels(c10::DispatchKey::CUDA);
#endif
  return true;
}

void require_operators() {
  static const bool defined = define_device_operators();
  (void)defined;
}

/// An operator of the dispatcher. It is called below autograd, which knows nothing of it, and whose fallback in
/// LibTorch 2.x would box all arguments.
template <class Signature>
class DeviceOperator {
 public:
  explicit DeviceOperator(const char* name) : handle_(found(name)) {}

  template <class... Arguments>
  auto operator()(Arguments&&... arguments) const {
    const at::AutoDispatchBelowAutograd below;
    return handle_.call(std::forward<Arguments>(arguments)...);
  }

 private:
  static c10::TypedOperatorHandle<Signature> found(const char* name) {
    require_operators();
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
  }

  c10::TypedOperatorHandle<Signature> handle_;
};

/// LIMBECK_OPERATOR(draw_views)(ids, …)
#define LIMBECK_OPERATOR(name)                                                          \
  ([]() -> const auto& {                                                                \
    static const DeviceOperator<decltype(device_plain::name)> found("limbeck::" #name); \
    return found;                                                                       \
  }())

MaybeTensor maybe(const at::Tensor& tensor) {
  return tensor.defined() ? MaybeTensor(tensor) : MaybeTensor();
}

MaybeTensors maybe_list(const std::vector<at::Tensor>& tensors) {
  MaybeTensors list;
  list.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) list.push_back(maybe(tensor));
  return list;
}

void refuse_second_derivative() {
  if (at::GradMode::is_enabled()) throw Error("fused operators have no second derivative");
}

class DroppedUnits : public torch::autograd::Function<DroppedUnits> {
 public:
  static at::Tensor forward(DeviceContext* context, const at::Tensor& x, const at::Tensor& ids, const at::Tensor& epoch,
                            const DropoutStream& stream) {
    context->save_for_backward({ids, epoch});
    context->saved_data["stream_seed"] = static_cast<int64_t>(stream.seed);
    context->saved_data["lane"] = static_cast<int64_t>(stream.lane);
    context->saved_data["probability"] = stream.probability;
    return dropped(x, ids, epoch, context);
  }

  static variable_list backward(DeviceContext* context, const variable_list& gradients) {
    refuse_second_derivative();
    const auto saved = context->get_saved_variables();
    const at::Tensor none;
    return {dropped(gradients[0], saved[0], saved[1], context), none, none, none};
  }

 private:
  static at::Tensor dropped(const at::Tensor& x, const at::Tensor& ids, const at::Tensor& epoch,
                            DeviceContext* context) {
    return LIMBECK_OPERATOR(drop_units)(x, ids, epoch, context->saved_data["stream_seed"].toInt(),
                                        context->saved_data["lane"].toInt(),
                                        context->saved_data["probability"].toDouble());
  }
};

class RectifiedBatchNorm : public torch::autograd::Function<RectifiedBatchNorm> {
 public:
  static variable_list forward(DeviceContext* context, const at::Tensor& x, const at::Tensor& weight,
                               const at::Tensor& bias, const MaybeTensor& added, const DeviceNorm& norm,
                               const DeviceRectifier& rectifier) {
    auto [y, mean, inverse] =
        LIMBECK_OPERATOR(batch_norm_forward)(x, weight, bias, norm.running_mean, norm.running_variance, norm.momentum,
                                             norm.epsilon, added, rectifier.on, rectifier.slope, rectifier.most);
    context->save_for_backward({x, y, weight, mean, inverse});
    context->saved_data["adds"] = added.has_value();
    context->saved_data["on"] = rectifier.on;
    context->saved_data["slope"] = static_cast<double>(rectifier.slope);
    context->saved_data["most"] = static_cast<double>(rectifier.most);
    context->set_materialize_grads(false);
    const at::AutoDispatchBelowADInplaceOrView below;  // no view, but an output of its own
    return {y, y.alias()};
  }

  static variable_list backward(DeviceContext* context, const variable_list& gradients) {
    refuse_second_derivative();
    const auto saved = context->get_saved_variables();
    const at::Tensor &own = gradients[0], &of_twin = gradients[1];
    auto [x, weight, bias, added] = LIMBECK_OPERATOR(batch_norm_backward)(
        own.defined() ? own : of_twin, own.defined() ? maybe(of_twin) : MaybeTensor(), saved[0], saved[1], saved[2],
        saved[3], saved[4], context->saved_data["adds"].toBool(), context->saved_data["on"].toBool(),
        context->saved_data["slope"].toDouble(), context->saved_data["most"].toDouble());
    return {x, weight, bias, added, at::Tensor(), at::Tensor()};
  }
};

class MeanOfPixels : public torch::autograd::Function<MeanOfPixels> {
 public:
  static at::Tensor forward(DeviceContext* context, const at::Tensor& x) {
    context->saved_data["sizes"] = x.sizes();
    return x.mean({2, 3}, /*keepdim=*/true);
  }

  static variable_list backward(DeviceContext* context, const variable_list& gradients) {
    refuse_second_derivative();
    const std::vector<int64_t> shape = context->saved_data["sizes"].toIntVector();
    at::Tensor to_x = at::empty(shape, gradients[0].options(), at::MemoryFormat::ChannelsLast);
    at::mul_out(to_x, gradients[0].expand(shape), at::scalar_tensor(1.0 / static_cast<double>(shape[2] * shape[3])));
    return {to_x};
  }
};

class RectifiedLinear : public torch::autograd::Function<RectifiedLinear> {
 public:
  static at::Tensor forward(DeviceContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const at::Tensor y = at::_addmm_activation(bias, x, weight.t(), 1, 1, /*use_gelu=*/false);
    context->save_for_backward({x, weight, y});
    context->saved_data["to_x"] = x.requires_grad();
    return y;
  }

  static variable_list backward(DeviceContext* context, const variable_list& gradients) {
    refuse_second_derivative();
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &y = saved[2];
    const at::Tensor passed = at::threshold_backward(gradients[0], y, 0);
    return {context->saved_data["to_x"].toBool() ? passed.mm(weight) : at::Tensor(), passed.t().mm(x), passed.sum(0)};
  }
};

/// A loss whose gradient was computed with it.
class ValueWithGradient : public torch::autograd::Function<ValueWithGradient> {
 public:
  static at::Tensor forward(DeviceContext* context, const at::Tensor& logits, const TwoTensors& computed) {
    context->save_for_backward({std::get<1>(computed)});
    return std::get<0>(computed);
  }

  static variable_list backward(DeviceContext* context, const variable_list& gradients) {
    refuse_second_derivative();
    return {context->get_saved_variables()[0] * gradients[0], at::Tensor()};
  }
};

}  // namespace

void register_device_kernels(c10::DispatchKey key) {
  if (key != c10::DispatchKey::CUDA) require_operators();  // which registers CUDA's
  auto* kernels = new torch::Library(torch::Library::IMPL, "limbeck", key, __FILE__, __LINE__);
#define LIMBECK_IMPLEMENT(name) kernels->impl(#name, TORCH_FN(device_kernels::name));
  LIMBECK_FOR_EACH_DEVICE_OPERATOR(LIMBECK_IMPLEMENT)
#undef LIMBECK_IMPLEMENT
}

bool has_device_kernels(at::Device device) {
  static const c10::OperatorHandle one = [] {  // found once: each batch norm of each step asks
    require_operators();
    return c10::Dispatcher::singleton().findSchemaOrThrow("limbeck::batch_norm_forward", "");
  }();
  return one.hasKernelForDispatchKey(c10::computeDispatchKey(at::kFloat, at::kStrided, device));
}

at::Tensor draw_views(const at::Tensor& ids, const at::Tensor& epoch, uint64_t seed, int64_t count) {
  if (count < 1 || count > int64_t{1} << 62)
    throw Error(fmt::format("draw_views: count is {}; expected 1 to 2^62", count));
  return LIMBECK_OPERATOR(draw_views)(ids, epoch, static_cast<int64_t>(seed), count);
}

at::Tensor picture_views(const at::Tensor& pixels, const at::Tensor& ids, const at::Tensor& views,
                         const PictureViews& how) {
  constexpr int64_t kReflect = 2;
  const int64_t smaller = std::min(pixels.size(2), pixels.size(3));
  if (how.fill == kReflect && how.padding >= smaller)
    throw Error(ErrorKind::usage,
                fmt::format("images of {}x{} pixels cannot be reflected {} pixels far; expected a padding of at "
                            "most {}",
                            pixels.size(2), pixels.size(3), how.padding, smaller - 1));
  return LIMBECK_OPERATOR(picture_views)(pixels, ids, views, how.padding, how.fill, how.horizontal, how.vertical,
                                         how.scale);
}

at::Tensor normalize_pictures(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& deviation,
                              at::ScalarType type) {
  return LIMBECK_OPERATOR(normalize_pictures)(x, mean, deviation, type);
}

at::Tensor drop_units(const at::Tensor& x, const at::Tensor& ids, const at::Tensor& epoch,
                      const DropoutStream& stream) {
  return DroppedUnits::apply(x, ids, epoch, stream);
}

Twins batch_norm_rectified(const at::Tensor& x, const DeviceNorm& norm, const at::Tensor& added,
                           const DeviceRectifier& rectifier) {
  const variable_list outputs = RectifiedBatchNorm::apply(x, norm.weight, norm.bias, maybe(added), norm, rectifier);
  return {outputs[0], outputs[1]};
}

at::Tensor rectified_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return RectifiedLinear::apply(x, weight, bias);
}

at::Tensor mean_of_pixels(const at::Tensor& x) {
  return MeanOfPixels::apply(x);
}

void add_and_rectify(at::Tensor& x, const at::Tensor& bias, const at::Tensor& added, const DeviceRectifier& rectifier) {
  LIMBECK_OPERATOR(add_and_rectify)(x, maybe(bias), maybe(added), rectifier.on, rectifier.slope, rectifier.most);
}

at::Tensor soft_target_loss(const at::Tensor& z, const at::Tensor& v, double temperature, bool cross_entropy,
                            double factor) {
  return ValueWithGradient::apply(z, LIMBECK_OPERATOR(soft_target_loss)(z, v, temperature, cross_entropy, factor));
}

at::Tensor label_loss(const at::Tensor& z, const at::Tensor& labels, const at::Tensor& partner_labels,
                      const at::Tensor& mix) {
  if (partner_labels.defined() != mix.defined())
    throw Error("label_loss: partner labels without shares, or shares without them");
  return ValueWithGradient::apply(z, LIMBECK_OPERATOR(label_loss)(z, labels, maybe(partner_labels), maybe(mix)));
}

void add_step(StepSums& sums, const at::Tensor& terms, const at::Tensor& weights, const at::Tensor& logits,
              const at::Tensor& labels, const std::vector<int64_t>& needs_labels, int64_t networks) {
  LIMBECK_OPERATOR(add_step)
  (sums.sums, sums.state, sums.failed, sums.rates, sums.rate, terms, weights, logits, labels, needs_labels, networks);
}

void sgd_update(at::TensorList values, at::TensorList momenta, at::TensorList gradients,
                const std::vector<at::Tensor>& rounded, const at::Tensor& rate, const at::Tensor& state,
                const DeviceSgd& how) {
  if (values.empty()) return;
  LIMBECK_OPERATOR(sgd_update)
  (values, momenta, gradients, maybe_list(rounded), rate, state, how.decay, how.momentum, how.nesterov);
}

void adam_update(at::TensorList values, at::TensorList means, at::TensorList squares, at::TensorList gradients,
                 const std::vector<at::Tensor>& rounded, const at::Tensor& steps, const at::Tensor& rate,
                 const at::Tensor& state, const DeviceAdam& how) {
  if (values.empty()) return;
  LIMBECK_OPERATOR(adam_update)
  (values, means, squares, gradients, maybe_list(rounded), steps, rate, state, how.beta1, how.beta2, how.epsilon,
   how.decay, how.decoupled);
}

}  // namespace limbeck

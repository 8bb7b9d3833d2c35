#pragma once
// Fused operators of a training step. On a GPU a step is bound by launches of kernels; each of these is one or two.
//
// Each, but for rectified_linear and mean_of_pixels, which are LibTorch's with a backward pass of fewer kernels, calls
// an operator limbeck::NAME of LibTorch's dispatcher. Every device has its plain form, tensor operations that never
// read a value on the host (plain_operators.cpp, the reference); CUDA has block programs (kernels/, programs/), where
// the build has nvcc.

#include <ATen/core/Tensor.h>
#include <c10/core/DispatchKey.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "core/random.h"

namespace limbeck {

/// Draws a view of each example: Random({seed, Purpose::view, epoch, id}).below_wide(count) of core/random.h, bit by
/// bit. ids [N] int64, epoch [] int64 on the same device → [N] int64. count: 1 to 2^62.
at::Tensor draw_views(const at::Tensor& ids, const at::Tensor& epoch, uint64_t seed, int64_t count);

/// Returns 64 random bits of (seed, purpose, epoch, id) for each id, in the order of unsigned numbers: block 0 of the
/// stream, its first word the higher one, with the sign bit inverted. ids [N] int64, epoch [] int64 → [N] int64.
at::Tensor random_keys(const at::Tensor& ids, const at::Tensor& epoch, uint64_t seed, Purpose purpose);

/// How pictures are read. A view's number is that of its window, of (2p + 1)² (data/images/windows.h), plus so many
/// times that of its flips (data/augmentations/flip.cpp).
struct PictureViews {
  int64_t padding = 0;  ///< p, in pixels; 0: one window, the picture itself
  int64_t fill = 0;     ///< of the padding: 0 zero, 1 edge, 2 reflect
  bool horizontal = false, vertical = false;
  double scale = 1;
};

/// pixels [n, C, H, W] uint8, ids [N] int64 (which of the n), views [N] int64 → [N, C, H, W] float32, channels_last:
/// float(byte) · float(scale).
at::Tensor picture_views(const at::Tensor& pixels, const at::Tensor& ids, const at::Tensor& views,
                         const PictureViews& how);

/// (x − mean) / deviation per channel, in float32. x [N, C, H, W], mean and deviation [C] float32 → x's shape and
/// memory format, of type `type`. Not differentiable.
at::Tensor normalize_pictures(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& deviation,
                              at::ScalarType type);

/// A stream of dropout: masks are a function of (seed, lane, epoch, id, unit).
struct DropoutStream {
  uint64_t seed = 0;
  uint32_t lane = 0;
  double probability = 0.5;
};

/// Returns which units of each example are kept: [N, units] bool, by tensor operations. ids [N] int64, epoch [] int64.
at::Tensor kept_units(const at::Tensor& ids, const at::Tensor& epoch, const DropoutStream& stream, int64_t units);

/// Returns x · kept / (1 − probability); x [N, …], whose units are numbered row by row, whatever its memory format.
/// Differentiable in x.
at::Tensor drop_units(const at::Tensor& x, const at::Tensor& ids, const at::Tensor& epoch, const DropoutStream& stream);

/// Parameters [C] float32 of a batch norm, and its running statistics, which training updates.
struct DeviceNorm {
  at::Tensor weight, bias, running_mean, running_variance;
  double momentum = 0.1, epsilon = 1e-5;
};

/// An activation: min(max(x, 0), most) + slope · min(x, 0), or none.
struct DeviceRectifier {
  bool on = false;
  float slope = 0;
  float most = std::numeric_limits<float>::infinity();
};

/// One result, under two names. Where two operations use it and each takes a name of its own, the sum of their
/// gradients is no kernel of its own.
struct Twins {
  at::Tensor first, second;
};

/// Batch norm in training, plus `added` (undefined: none), rectified: y of x's type, computed in float32.
/// x, added [N, C, H, W] (or [N, C]) float32 or bfloat16. Differentiable in x, weight, bias and added.
Twins batch_norm_rectified(const at::Tensor& x, const DeviceNorm& norm, const at::Tensor& added,
                           const DeviceRectifier& rectifier);

/// max(0, x Wᵀ + b): x [N, in], weight [out, in], bias [out], of one type → [N, out]. Differentiable, once.
at::Tensor rectified_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// The mean of each channel's pixels: x [N, C, H, W] → [N, C, 1, 1]. Differentiable in x, once; its gradient is
/// channels_last.
at::Tensor mean_of_pixels(const at::Tensor& x);

/// In place: x = rectified(x + bias + added). x, added [N, C, …]; bias [C]; bias and added may be undefined. Not
/// differentiable.
void add_and_rectify(at::Tensor& x, const at::Tensor& bias, const at::Tensor& added, const DeviceRectifier& rectifier);

/// Soft targets (loss/losses/soft_targets.cpp): factor · Σ_n Σ_c p (log p − log q), or −p log q for `cross_entropy`;
/// p = softmax(v/T), q = softmax(z/T). z, v [N, C] float32 → [] float32, differentiable in z, once.
at::Tensor soft_target_loss(const at::Tensor& z, const at::Tensor& v, double temperature, bool cross_entropy,
                            double factor);

/// Cross-entropy with labels (loss/losses/hard_labels.cpp): the mean of −log softmax(z)[label] by weights, 0 if their
/// sum is 0. z [N, C] float32; labels [N] int64, weight 1, or 0 where below 0. With partner_labels [N] and mix [N]
/// float32, both defined or neither: weight mix for the label, 1 − mix for the partner. → [] float32, differentiable in
/// z, once. A label that is no class makes the loss NaN.
at::Tensor label_loss(const at::Tensor& z, const at::Tensor& labels, const at::Tensor& partner_labels,
                      const at::Tensor& mix);

/// The running sums of an epoch, on the device.
struct StepSums {
  at::Tensor sums;   ///< [4 + 2k] float64: examples, loss, labelled, errors, then each term's sum and count
  at::Tensor state;  ///< [2] int64: the step of the epoch, from 0; and the first whose total was not finite, −1: none
  at::Tensor failed;  ///< [1 + k] float32: the total of that step, then its terms
  at::Tensor rates;   ///< [steps] float32: the learning rate of each step of the epoch
  at::Tensor rate;    ///< [] float32: that of this step, written
};

/// Adds step s = state[0], of terms [k] with weights [k] float32: total = networks · Σ weight · term. Sets rate to
/// rates[s]. While no step has failed: if the total is finite, adds to the sums, as train/epoch_sums.cpp; else notes
/// the failure, state[1] = s and failed = total, terms. Then state[0] = s + 1. logits [N, C], labels [N] int64 (below
/// 0: unlabelled); needs_labels [k]: whether a term is a mean over labelled examples; networks: the terms are means
/// over so many.
void add_step(StepSums& sums, const at::Tensor& terms, const at::Tensor& weights, const at::Tensor& logits,
              const at::Tensor& labels, const std::vector<int64_t>& needs_labels, int64_t networks);

struct DeviceSgd {
  double decay = 0, momentum = 0;
  bool nesterov = false;
};
struct DeviceAdam {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0;
  bool decoupled = false;
};

/// One update of each parameter (train/optimizers/sgd.cpp), unless state[1] ≥ 0 (StepSums). Gradients float32 or
/// bfloat16, all else float32; rate [] float32. rounded: empty, or for each parameter a bfloat16 copy that is written
/// anew, undefined: none.
void sgd_update(at::TensorList values, at::TensorList momenta, at::TensorList gradients,
                const std::vector<at::Tensor>& rounded, const at::Tensor& rate, const at::Tensor& state,
                const DeviceSgd& how);
/// Same, of train/adam.cpp. steps [1] int64: the number of updates, this one counted. Decoupled decay first multiplies
/// the parameter by 1 − rate · decay; coupled adds decay · parameter to the gradient.
void adam_update(at::TensorList values, at::TensorList means, at::TensorList squares, at::TensorList gradients,
                 const std::vector<at::Tensor>& rounded, const at::Tensor& steps, const at::Tensor& rate,
                 const at::Tensor& state, const DeviceAdam& how);

/// Returns whether the operators are kernels of their own on this device. Else each is several tensor operations, of
/// which LibTorch may have better ones: its batch norm, for example.
bool has_device_kernels(at::Device device);

/// Registers the block programs (kernels/) as the operators' kernels on another device. CUDA's are registered at
/// first use where the build has them; tests call this for a simulated device.
void register_device_kernels(c10::DispatchKey key);

}  // namespace limbeck

#include "kernels/mixed_precision.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <torch/version.h>

namespace limbeck {
namespace {

// Since LibTorch 2.4 the switches are by device; before, each device had its own.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool enabled(at::DeviceType device) {
  return at::autocast::is_autocast_enabled(device);
}
void enable(at::DeviceType device, bool on) {
  at::autocast::set_autocast_enabled(device, on);
}
at::ScalarType type_of(at::DeviceType device) {
  return at::autocast::get_autocast_dtype(device);
}
void set_type(at::DeviceType device, at::ScalarType type) {
  at::autocast::set_autocast_dtype(device, type);
}
#else
bool enabled(at::DeviceType device) {
  return device == at::kCPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
}
void enable(at::DeviceType device, bool on) {
  if (device == at::kCPU)
    at::autocast::set_cpu_enabled(on);
  else
    at::autocast::set_enabled(on);
}
at::ScalarType type_of(at::DeviceType device) {
  return device == at::kCPU ? at::autocast::get_autocast_cpu_dtype() : at::autocast::get_autocast_gpu_dtype();
}
void set_type(at::DeviceType device, at::ScalarType type) {
  if (device == at::kCPU)
    at::autocast::set_autocast_cpu_dtype(type);
  else
    at::autocast::set_autocast_gpu_dtype(type);
}
#endif

}  // namespace

MixedPrecision::MixedPrecision(at::DeviceType device)
    : device_(device), was_enabled_(enabled(device)), was_type_(type_of(device)) {
  at::autocast::increment_nesting();
  set_type(device, at::kBFloat16);
  enable(device, true);
}

MixedPrecision::~MixedPrecision() {
  enable(device_, was_enabled_);
  set_type(device_, was_type_);
  if (at::autocast::decrement_nesting() == 0)
    at::autocast::clear_cache();  // of parameters in bfloat16, which the next step changes
}

}  // namespace limbeck

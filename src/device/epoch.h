#pragma once
// The epoch for which random numbers are drawn: a number, and, in a step that is queued or captured on a device, a
// tensor there, which changes from epoch to epoch while the captured work stays the same.
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>

#include <cstdint>

namespace limbeck {

class Epoch {
 public:
  Epoch(int64_t number) : number_(number) {}  // NOLINT(google-explicit-constructor): a number is an epoch
  /// on_device: [] int64, the same number.
  Epoch(int64_t number, at::Tensor on_device) : number_(number), on_device_(std::move(on_device)) {}

  int64_t number() const { return number_; }
  /// [] int64 on this device.
  at::Tensor on(at::Device device) const {
    if (on_device_.defined()) return on_device_;
    return at::full({}, number_, at::TensorOptions(at::kLong).device(device));
  }

 private:
  int64_t number_;
  at::Tensor on_device_;
};

}  // namespace limbeck

#include "kernels/captured_function.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/error.h"

namespace limbeck {
namespace {

bool is_alike(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.sizes() == b.sizes() && a.strides() == b.strides() && a.scalar_type() == b.scalar_type() &&
         a.device() == b.device();
}

bool are_alike(const CapturedFunction::Tensors& a, const CapturedFunction::Tensors& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), is_alike);
}

}  // namespace

Recorder until_failure(Recorder recorder, std::function<void(const std::string& reason)> tell) {
  if (!recorder) return {};
  return [recorder = std::move(recorder), tell = std::move(tell),
          failed = std::make_shared<bool>(false)](const std::function<void()>& work) {
    if (*failed) throw Error("an earlier recording failed");
    try {
      return recorder(work);
    } catch (const std::exception& error) {
      *failed = true;
      const auto* own = dynamic_cast<const c10::Error*>(&error);
      tell(own != nullptr ? own->what_without_backtrace() : error.what());
      throw;
    }
  };
}

CapturedFunction::Tensors CapturedFunction::operator()(const Tensors& arguments) {
  if (!recorder_) return function_(arguments);
  if (!are_alike(inputs_, arguments)) {
    if (inputs_.empty() || are_alike(others_, arguments)) {  // what is asked from now on
      forget();
      inputs_ = arguments;
    } else {
      others_ = arguments;
    }
    return function_(arguments);
  }
  others_.clear();
  if (recording_ == nullptr) record(arguments);
  if (recording_ == nullptr) return function_(arguments);
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].defined()) inputs_[i].copy_(arguments[i], /*non_blocking=*/true);
  recording_->replay();
  return results_;
}

void CapturedFunction::record(const Tensors& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].defined()) inputs_[i] = arguments[i].clone();  // the caller's may not be written to
  try {
    recording_ = recorder_([this] {
      const Tensors results = function_(inputs_);
      if (results_.empty()) results_ = results;
      const at::NoGradGuard no_gradient;
      for (size_t i = 0; i < results.size();
           ++i)  // a recording is replayed into the same memory; where work is done again, this is
        if (results[i].defined() && !results[i].is_same(results_[i])) results_[i].copy_(results[i]);
    });
  } catch (const std::exception&) {  // the recorder has told
    recorder_ = nullptr;
    forget();
  }
}

void CapturedFunction::forget() {
  recording_.reset();
  results_.clear();
  inputs_.clear();
  others_.clear();
}

}  // namespace limbeck

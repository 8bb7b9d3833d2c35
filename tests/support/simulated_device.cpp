#include "support/simulated_device.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>
#include <torch/library.h>

#include <algorithm>
#include <mutex>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "device/launch.h"
#include "device/operators.h"

namespace limbeck::simulated_device {
namespace {

constexpr at::DeviceType kType = at::DeviceType::PrivateUse1;

using Stack = torch::jit::Stack;
using WeakStorage = c10::weak_intrusive_ptr<c10::StorageImpl>;

/// The kernels of a capture, at most so many.
struct Capture {
  size_t most;
  std::vector<std::function<void()>> kernels;
  std::vector<at::Tensor> results;  ///< keeps the memory that was allocated during the capture
  std::set<const c10::StorageImpl*> own;
  std::vector<std::pair<std::string, WeakStorage>> others;  ///< memory from outside, by the operation that reads it
};

/// Autograd's backward pass runs on a thread of its own, so the state is one for all threads.
struct State {
  std::recursive_mutex mutex;
  Counts* counts = nullptr;
  Capture* capture = nullptr;
  std::map<void*, size_t> memory;  ///< all of the device's that is in use, with its size
  JoinedConvolutions joined = JoinedConvolutions::right;
};
State& state() {
  static State one;
  return one;
}

bool is_here(const at::Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kType;
}

/// Memory of the device: that of a host tensor.
class Memory {
 public:
  Memory(at::Tensor host, size_t bytes) : host_(std::move(host)) {
    const std::lock_guard lock(state().mutex);
    state().memory[host_.data_ptr()] = bytes;
  }
  static void release(void* memory) {
    const std::lock_guard lock(state().mutex);
    auto* own = static_cast<Memory*>(memory);
    state().memory.erase(own->host_.data_ptr());
    delete own;
  }

 private:
  at::Tensor host_;
};

/// The content of all memory in use. A capture runs what it records, since the shapes follow from it, and then puts
/// everything back.
class Snapshot {
 public:
  Snapshot() {
    for (const auto& [memory, bytes] : state().memory) {
      const char* from = static_cast<const char*>(memory);
      content_[memory] = std::vector<char>(from, from + bytes);
    }
  }
  void restore() const {
    for (const auto& [memory, content] : content_)
      if (state().memory.contains(memory)) std::copy(content.begin(), content.end(), static_cast<char*>(memory));
  }

 private:
  std::map<void*, std::vector<char>> content_;
};

/// A tensor of the device on the memory of a host tensor, which it keeps.
at::Tensor on_device(const at::Tensor& host) {
  const size_t bytes = host.storage().nbytes() - static_cast<size_t>(host.storage_offset()) * host.itemsize();
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes,
                       c10::DataPtr(host.data_ptr(), new Memory(host, bytes), Memory::release, device()), nullptr,
                       /*resizable=*/false);
  if (state().capture != nullptr) state().capture->own.insert(storage.unsafeGetStorageImpl());
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), host.dtype());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(host.sizes(), host.strides());
  if (state().capture != nullptr) state().capture->results.push_back(tensor);
  return tensor;
}

/// A host tensor on the device's memory, which it does not keep.
at::Tensor on_host(const at::Tensor& tensor) {
  const c10::Storage& storage = tensor.storage();
  const auto elements = static_cast<int64_t>(storage.nbytes() / tensor.itemsize());
  const at::Tensor whole =
      at::from_blob(storage.data_ptr().get(), {elements}, at::TensorOptions(tensor.scalar_type()).device(at::kCPU));
  return whole.as_strided(tensor.sizes(), tensor.strides(), tensor.storage_offset());
}

/// A view of the device tensor `base`, as the host tensor `host` is one of its memory.
at::Tensor view_of(const at::Tensor& base, const at::Tensor& host) {
  at::Tensor view = at::detail::make_tensor<c10::TensorImpl>(
      c10::Storage(base.storage()), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), base.dtype());
  const auto bytes = static_cast<const char*>(host.data_ptr()) - static_cast<const char*>(base.storage().data());
  view.unsafeGetTensorImpl()->set_sizes_and_strides(host.sizes(), host.strides());
  view.unsafeGetTensorImpl()->set_storage_offset(bytes / static_cast<int64_t>(base.itemsize()));
  return view;
}

void read_by_host(const std::string& name) {
  if (state().counts != nullptr) ++state().counts->host_reads, ++state().counts->by_name["reads: " + name];
  if (state().capture != nullptr) throw Error(fmt::format("{} waits for the device during a capture", name));
}

void written_by_host(const std::string& name) {
  if (state().counts != nullptr) ++state().counts->host_writes;
  if (state().capture != nullptr) throw Error(fmt::format("{} copies from the host during a capture", name));
}

void count_kernel(const std::string& name) {
  if (state().counts == nullptr) return;
  ++state().counts->kernels;
  ++state().counts->by_name[name];
}

/// Adds a kernel to the capture, if there is one.
void record(std::function<void()> kernel) {
  if (state().capture == nullptr) return;
  if (state().capture->kernels.size() == state().capture->most) throw Error("a kernel that cannot be captured");
  state().capture->kernels.push_back(std::move(kernel));
}

/// Operations whose result's shape, or whose result itself, the host must know.
bool is_read_by_host(const std::string& name) {
  static const std::set<std::string> names{
      "aten::nonzero",    "aten::masked_select", "aten::_unique2",   "aten::equal",    "aten::bincount",
      "aten::is_nonzero", "aten::histc",         "aten::unique_dim", "aten::allclose", "aten::repeat_interleave"};
  return names.contains(name);
}

void use_memory(const std::string& name, const at::Tensor& tensor) {
  Capture* capture = state().capture;
  if (capture == nullptr || capture->own.contains(tensor.storage().unsafeGetStorageImpl())) return;
  capture->others.emplace_back(name, tensor.storage().getWeakStorageImpl());
}

/// The arguments of an operation as the processor's.
class Arguments {
 public:
  Arguments(std::string name, Stack given) : name_(std::move(name)), given_(std::move(given)) {
    for (const c10::IValue& value : given_) host_.push_back(converted(value));
  }
  const Stack& host() const { return host_; }
  const Stack& given() const { return given_; }
  const std::vector<at::Tensor>& tensors() const { return tensors_; }
  /// An empty tensor that an operation resizes, if `host` stands for one.
  const at::Tensor* resized(const at::Tensor& host) const {
    const auto found =
        std::find_if(empty_.begin(), empty_.end(), [&](const auto& pair) { return pair.second.is_same(host); });
    return found == empty_.end() ? nullptr : &found->first;
  }

 private:
  at::Tensor converted(const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    if (!is_here(tensor)) {
      if (tensor.dim() > 0)
        throw Error(fmt::format("{}: a tensor of {} meets one of {}", name_, tensor.device().str(), device().str()));
      return tensor;
    }
    if (tensor.numel() == 0) {
      empty_.emplace_back(tensor, at::empty(tensor.sizes(), at::TensorOptions(tensor.scalar_type())));
      return empty_.back().second;
    }
    use_memory(name_, tensor);
    tensors_.push_back(tensor);
    if (name_ == "aten::index" && (tensor.scalar_type() == at::kBool || tensor.scalar_type() == at::kByte) &&
        tensors_.size() > 1)
      read_by_host(name_);
    return on_host(tensor);
  }

  c10::IValue converted(const c10::IValue& value) {
    if (value.isTensor()) return converted(value.toTensor());
    if (value.isDevice() && value.toDevice().type() == kType) return at::Device(at::kCPU);
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(converted(tensor));
      return list;
    }
    if (value.isList() && value.toList().elementType()->kind() == c10::TypeKind::OptionalType) {
      c10::List<c10::optional<at::Tensor>> list;
      for (const c10::IValue& each : value.toListRef())
        list.push_back(each.isNone() ? c10::optional<at::Tensor>() : converted(each.toTensor()));
      return list;
    }
    return value;
  }

  std::string name_;
  Stack given_, host_;
  std::vector<at::Tensor> tensors_;                       ///< of the device, among the arguments
  std::vector<std::pair<at::Tensor, at::Tensor>> empty_;  ///< those without elements, and what stands for them
};

/// What the operation gives back for the host's result: the argument that it wrote to, a view of one, or new memory.
at::Tensor result_of(const Arguments& arguments, const at::Tensor& host, bool is_view) {
  if (!host.defined()) return host;
  if (const at::Tensor* own = arguments.resized(host)) {
    if (host.numel() > 0) {
      own->unsafeGetTensorImpl()->set_storage_keep_dtype(on_device(host).storage());
      own->unsafeGetTensorImpl()->set_sizes_and_strides(host.sizes(), host.strides());
    }
    return *own;
  }
  for (const at::Tensor& tensor : arguments.tensors()) {
    const auto* begin = static_cast<const char*>(tensor.storage().data());
    const auto* at = static_cast<const char*>(host.data_ptr());
    if (at == nullptr || at < begin || at >= begin + tensor.storage().nbytes()) continue;
    if (!is_view && at == tensor.data_ptr() && host.sizes() == tensor.sizes() && host.strides() == tensor.strides())
      return tensor;
    return view_of(tensor, host);
  }
  return on_device(host);
}

/// Copies what a replayed kernel gives to where it was given when it was recorded.
void copy_results(const Stack& results, const std::vector<at::Tensor>& recorded) {
  size_t next = 0;
  const auto copy = [&](const at::Tensor& result) {
    const at::Tensor& to = recorded.at(next++);
    if (result.defined() && to.defined() && to.data_ptr() != result.data_ptr()) on_host(to).copy_(result);
  };
  for (const c10::IValue& value : results) {
    if (value.isTensor()) copy(value.toTensor());
    if (value.isTensorList())
      for (const at::Tensor& tensor : value.toTensorVector()) copy(tensor);
  }
}

void run_on_processor(const c10::OperatorHandle& op, Stack& stack) {
  const at::AutoDispatchBelowADInplaceOrView below_autograd;
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), &stack);
}

/// Runs an operation on the processor.
void run(const c10::OperatorHandle& op, Stack* stack) {
  const std::lock_guard lock(state().mutex);
  const std::string name = op.schema().name();
  const size_t count = op.schema().arguments().size();
  const Arguments arguments(name, Stack(stack->end() - static_cast<int64_t>(count), stack->end()));
  stack->erase(stack->end() - static_cast<int64_t>(count), stack->end());
  if (is_read_by_host(name)) read_by_host(name);
  const bool is_view = std::any_of(op.schema().returns().begin(), op.schema().returns().end(), [](const auto& result) {
    return result.alias_info() != nullptr && !result.alias_info()->isWrite();
  });
  if (!is_view) count_kernel(name);
  Stack results = arguments.host();
  run_on_processor(op, results);
  std::vector<at::Tensor> given;
  for (const c10::IValue& value : results) {
    if (value.isTensor()) {
      given.push_back(result_of(arguments, value.toTensor(), is_view));
      stack->emplace_back(given.back());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) {
        given.push_back(result_of(arguments, tensor, is_view));
        list.push_back(given.back());
      }
      stack->emplace_back(list);
    } else {
      stack->push_back(value);
    }
  }
  if (is_view) return;
  record([op, host = arguments.host(), given] {
    Stack again = host;
    run_on_processor(op, again);
    copy_results(again, given);
  });
}

at::TensorOptions on_processor(c10::optional<at::ScalarType> type) {
  return at::TensorOptions(type.value_or(at::kFloat)).device(at::kCPU);
}

at::Tensor empty(at::IntArrayRef size, c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
                 c10::optional<at::Device>, c10::optional<bool>, c10::optional<at::MemoryFormat> format) {
  const std::lock_guard lock(state().mutex);
  return on_device(at::empty(size, on_processor(type), format.value_or(at::MemoryFormat::Contiguous)));
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, c10::optional<at::ScalarType> type,
                         c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>) {
  const std::lock_guard lock(state().mutex);
  return on_device(at::empty_strided(size, stride, on_processor(type)));
}

at::Tensor& copy(at::Tensor& self, const at::Tensor& source, bool) {
  const std::lock_guard lock(state().mutex);
  if (!is_here(self)) {
    read_by_host("a copy to the host");
    self.copy_(on_host(source));
    return self;
  }
  use_memory("aten::copy_", self);
  const at::Tensor to = on_host(self);
  if (!is_here(source)) {
    written_by_host("a copy to the device");
    to.copy_(source);
    return self;
  }
  use_memory("aten::copy_", source);
  const at::Tensor from = on_host(source);
  count_kernel("aten::copy_");
  to.copy_(from);
  record([to, from] { to.copy_(from); });
  return self;
}

c10::Scalar value_of(const at::Tensor& self) {
  const std::lock_guard lock(state().mutex);
  read_by_host("item()");
  return on_host(self).item();
}

/// What cuDNN computes, on the processor: with sums in float32.
at::Tensor convolve_add_and_rectify(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& added,
                                    const c10::optional<at::Scalar>& alpha, const c10::optional<at::Tensor>& bias,
                                    at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                                    int64_t groups) {
  if (state().joined == JoinedConvolutions::missing) throw Error("no engine for this convolution");
  const auto wide = [](const at::Tensor& tensor) { return tensor.to(at::kFloat); };
  at::Tensor y =
      at::conv2d(wide(x), wide(weight), bias ? wide(*bias) : at::Tensor(), stride, padding, dilation, groups);
  y = y + wide(added) * alpha.value_or(1);
  if (state().joined == JoinedConvolutions::wrong) y = y + 1;
  return y.relu().to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor convolve_and_rectify(const at::Tensor& x, const at::Tensor& weight, const c10::optional<at::Tensor>& bias,
                                at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                                int64_t groups) {
  return convolve_add_and_rectify(x, weight, at::zeros({}, x.options()), 1, bias, stride, padding, dilation, groups);
}

/// A program of src/device, which the host runs.
void launch(const char* name, const std::function<void()>& work) {
  const std::lock_guard lock(state().mutex);
  count_kernel(name);
  work();
  record(work);
}

class Graph : public RecordedWork {
 public:
  Graph(const std::function<void()>& work, size_t most) : capture_{.most = most} {
    {
      const std::lock_guard lock(state().mutex);
      if (state().capture != nullptr) throw Error("a capture within a capture");
      state().capture = &capture_;
    }
    const Snapshot before;
    Counts uncounted;
    Counts* const counts = std::exchange(state().counts, &uncounted);
    const auto end = [&] {
      const std::lock_guard lock(state().mutex);
      state().capture = nullptr;
      state().counts = counts;
      before.restore();
    };
    try {
      work();
    } catch (...) {
      end();
      throw;
    }
    end();
    if (counts != nullptr) counts->host_reads += uncounted.host_reads;
  }

  void replay() override {
    const std::lock_guard lock(state().mutex);
    for (const auto& [name, memory] : capture_.others)
      if (memory.expired()) throw Error(fmt::format("{}: memory that a graph uses was released", name));
    if (state().counts != nullptr) ++state().counts->replays;
    for (const std::function<void()>& kernel : capture_.kernels) kernel();
  }

 private:
  Capture capture_;
};

struct Guard final : c10::impl::DeviceGuardImplInterface {
  at::DeviceType type() const override { return kType; }
  at::Device exchangeDevice(at::Device) const override { return device(); }
  at::Device getDevice() const override { return device(); }
  void setDevice(at::Device) const override {}
  void uncheckedSetDevice(at::Device) const noexcept override {}
  c10::Stream getStream(at::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, device()); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, device());
  }
  at::DeviceIndex deviceCount() const noexcept override { return 1; }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&run>());
}

// Operations that LibTorch composes of others on an unknown device, but not on CUDA, count as one kernel here too.
TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", empty);
  library.impl("empty_strided", empty_strided);
  library.impl("copy_", copy);
  library.impl("_local_scalar_dense", value_of);
  for (const char* name : {"convolution", "convolution_backward"})
    library.impl(name, torch::CppFunction::makeFromBoxedFunction<&run>());
}

TORCH_LIBRARY_IMPL(aten, CPU, library) {
  library.impl("cudnn_convolution_relu", convolve_and_rectify);
  library.impl("cudnn_convolution_add_relu", convolve_add_and_rectify);
}

}  // namespace

at::Device device() {
  return {kType, 0};
}

void use() {
  static const bool once = [] {
    register_device_kernels(c10::DispatchKey::PrivateUse1);
    set_host_launcher(launch);
    return true;
  }();
  (void)once;
}

void set(JoinedConvolutions how) {
  const std::lock_guard lock(state().mutex);
  state().joined = how;
}

std::string Counts::to_text() const {
  std::vector<std::pair<int64_t, std::string>> names;
  for (const auto& [name, times] : by_name) names.emplace_back(-times, name);
  std::sort(names.begin(), names.end());
  std::string text = fmt::format("{} kernels", kernels);
  for (const auto& [times, name] : names)
    text += fmt::format("{}{} {}", &name == &names.front().second ? ": " : ", ", -times, name);
  return text;
}

Counts count(const std::function<void()>& work) {
  Counts counts;
  const auto set = [](Counts* to) {
    const std::lock_guard lock(state().mutex);
    state().counts = to;
  };
  set(&counts);
  try {
    work();
  } catch (...) {
    set(nullptr);
    throw;
  }
  set(nullptr);
  return counts;
}

Recorder graphs(size_t most) {
  return [most](const std::function<void()>& work) { return std::make_unique<Graph>(work, most); };
}
}  // namespace limbeck::simulated_device

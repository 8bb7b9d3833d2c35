#include "programs/product_count.h"

#include <ATen/TensorOperators.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace limbeck {
namespace {

struct Count {
  int64_t products = 0;
  int depth = 0;  ///< of counted operations: what one of them calls is part of it
  bool known = true;
};

// LibTorch's observers are plain functions, and so can be told of their count in this way alone.
thread_local Count* current = nullptr;

struct Observed : at::ObserverContext {
  int64_t per_output = 0;  ///< products of each element of the output; 0: they are counted already
};

bool is_opaque(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {
      "mkldnn::", "prepacked::", "quantized::", "aten::mkldnn_rnn_layer", "aten::_scaled_dot_product"};
  for (const std::string_view opaque : kNames)
    if (name.starts_with(opaque)) return true;
  return false;
}

/// What a program of TorchScript calls is told with all that lies on its stack; its own values are the last.
c10::ArrayRef<const c10::IValue> own_inputs(const at::RecordFunction& function) {
  const auto stack = function.inputs();
  return stack.slice(stack.size() - std::min(stack.size(), function.num_inputs()));
}

at::Tensor tensor_of(const at::RecordFunction& function, size_t place) {
  const auto inputs = own_inputs(function);
  return place < inputs.size() && inputs[place].isTensor() ? inputs[place].toTensor() : at::Tensor();
}

/// Which operand of a product of matrices [..., n, k] · [..., k, m] is the first; −1: it is no such product.
int first_factor(std::string_view name) {
  if (name == "aten::mm" || name == "aten::bmm" || name == "aten::mv") return 0;
  return name == "aten::addmm" || name == "aten::baddbmm" || name == "aten::addmv" ? 1 : -1;
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  if (current == nullptr) return nullptr;
  const std::string_view name = function.name();
  if (is_opaque(name)) current->known = false;
  const bool is_convolution =
      name == "aten::convolution" || name == "aten::_convolution";  // traced programs call the latter
  const int factor = first_factor(name);
  if (!is_convolution && factor < 0) return nullptr;
  auto observed = std::make_unique<Observed>();
  if (current->depth++ > 0) return observed;
  if (is_convolution) {
    const at::Tensor input = tensor_of(function, 0), weight = tensor_of(function, 1);
    constexpr size_t kTransposed = 6;
    const auto inputs = own_inputs(function);
    if (!weight.defined() || inputs.size() <= kTransposed || !inputs[kTransposed].isBool())
      current->known = false;
    else if (inputs[kTransposed].toBool())
      current->products += input.numel() * weight.numel() / weight.size(0);
    else
      observed->per_output = weight.numel() / weight.size(0);
  } else {
    const at::Tensor a = tensor_of(function, static_cast<size_t>(factor)),
                     b = tensor_of(function, static_cast<size_t>(factor) + 1);
    if (!a.defined() || !b.defined())
      current->known = false;
    else
      current->products += a.numel() * (b.dim() > 1 ? b.size(-1) : 1);
  }
  return observed;
}

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  const auto* observed = dynamic_cast<const Observed*>(context);
  if (observed == nullptr || current == nullptr) return;
  --current->depth;
  if (observed->per_output == 0) return;
  const auto& outputs = function.outputs();
  if (outputs.empty() || !outputs.back().isTensor())
    current->known = false;
  else
    current->products += outputs.back().toTensor().numel() * observed->per_output;
}

/// Takes the observer away again, whatever the pass throws.
class Observer {
 public:
  explicit Observer(Count& count)
      : handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(&begin, &end)
                                               .needsInputs(true)
                                               .needsOutputs(true)
                                               .scopes({at::RecordScope::FUNCTION}))) {
    current = &count;
  }
  ~Observer() {
    current = nullptr;
    at::removeCallback(handle_);
  }
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

 private:
  at::CallbackHandle handle_;
};

}  // namespace

std::optional<int64_t> count_multiply_adds(const std::function<void()>& pass) {
  Count count;
  {
    const Observer observer(count);
    pass();
  }
  return count.known ? std::optional(count.products) : std::nullopt;
}

}  // namespace limbeck

#include "programs/returned_outputs.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/function_schema.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace limbeck {
namespace {

using NamedOutputs = std::vector<std::pair<std::string, c10::IValue>>;

/// The values in what a forward returned: a dict's by key, a NamedTuple's by field, those of other tuples and lists by
/// place.
NamedOutputs values_in(const c10::IValue& returned) {
  NamedOutputs values;
  if (returned.isGenericDict()) {
    for (const auto& entry : returned.toGenericDict())
      if (entry.key().isString()) values.emplace_back(entry.key().toStringRef(), entry.value());
    return values;
  }
  std::vector<c10::IValue> elements = {returned};
  if (returned.isTuple())
    elements = returned.toTupleRef().elements().vec();
  else if (returned.isList())
    elements = returned.toListRef().vec();
  const auto type = returned.isTuple() ? returned.type()->cast<c10::TupleType>() : nullptr;
  const bool has_names = type != nullptr && type->schema() != nullptr;
  for (size_t i = 0; i < elements.size(); ++i)
    values.emplace_back(has_names ? type->schema()->arguments()[i].name() : std::to_string(i), elements[i]);
  return values;
}

}  // namespace

std::optional<size_t> place_of_output(const std::string& output, const std::vector<std::string>& names) {
  const auto named = std::find(names.begin(), names.end(), output.empty() ? "logits" : output);
  if (named != names.end()) return named - names.begin();
  size_t place = 0;
  const auto [end, error] = std::from_chars(output.data(), output.data() + output.size(), place);
  const bool is_place = error == std::errc() && end == output.data() + output.size() && place < names.size();
  return is_place ? std::optional(place) : std::nullopt;
}

bool is_half(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16;
}

void Returned::add(const std::string& name, const c10::IValue& value) {
  if (!value.isTensor()) return;
  if (logits.defined()) {
    features[name] = value.toTensor();
  } else {
    logits = value.toTensor();
    logits_name = name;
  }
}

Returned returned_by(const c10::IValue& value, const std::string& output) {
  auto values = values_in(value);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : values) names.push_back(name);
  Returned returned;
  if (const std::optional<size_t> place = place_of_output(output, names)) {
    const auto logits = values.begin() + static_cast<std::ptrdiff_t>(*place);
    std::rotate(values.begin(), logits, logits + 1);
  } else if (!output.empty()) {
    return returned;
  }
  for (const auto& [name, tensor] : values) returned.add(name, tensor);
  return returned;
}

Returned joined(const std::vector<Returned>& batches) {
  Returned all;
  const auto join = [&](const auto& tensor_of) {
    std::vector<at::Tensor> parts;
    for (const Returned& batch : batches) parts.push_back(tensor_of(batch));
    return parts.front().defined() ? at::cat(parts) : at::Tensor();
  };
  all.logits = join([](const Returned& batch) { return batch.logits; });
  all.logits_name = batches.front().logits_name;
  for (const auto& [name, tensor] : batches.front().features)
    if (tensor.dim() > 0)
      all.features[name] = join([&name = name](const Returned& batch) { return batch.features.at(name); });
  return all;
}

bool are_probabilities(const at::Tensor& outputs) {
  const double rounding = is_half(outputs) ? 1e-2 : 1e-3;
  const at::Tensor rows = outputs.to(at::kDouble);
  return ((rows >= 0) & (rows <= 1)).all().item<bool>() && ((rows > 0) & (rows < 1)).any().item<bool>() &&
         rows.sum(1).sub(1).abs().max().item<double>() < rounding;
}

at::Tensor logits_of(const at::Tensor& outputs, ReturnedValues returns, double smallest) {
  if (returns == ReturnedValues::probabilities) return outputs.clamp_min(smallest).log();
  return returns == ReturnedValues::sigmoid ? outputs.logit(kSigmoidMargin) : outputs;
}

bool agree(const Returned& a, const Returned& b) {
  constexpr double kRounding = 1e-4;
  const auto near = [](const at::Tensor& x, const at::Tensor& y) {
    if (x.sizes() != y.sizes() || x.scalar_type() != y.scalar_type()) return false;
    if (!x.is_floating_point()) return x.equal(y);
    return x.numel() == 0 || (x - y).abs().max().item<double>() <= kRounding * x.abs().max().item<double>();
  };
  if (!b.logits.defined() || a.logits_name != b.logits_name || a.features.size() != b.features.size()) return false;
  return near(a.logits, b.logits) && std::all_of(a.features.begin(), a.features.end(), [&](const auto& named) {
           const auto other = b.features.find(named.first);
           return other != b.features.end() && near(named.second, other->second);
         });
}

}  // namespace limbeck

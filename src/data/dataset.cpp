#include "limbeck/dataset.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <cmath>

#include "core/error.h"
#include "data/check_dataset.h"
#include "data/recordings/speech.h"
#include "data/tensor_hash.h"

namespace limbeck {
namespace {

[[noreturn]] void refuse(const Dataset& dataset, const std::string& why) {
  throw Error(fmt::format("the data set '{}' {}", dataset.name, why));
}

std::string form_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return "nothing";
  std::string extents;
  for (const int64_t extent : tensor.sizes()) extents += (extents.empty() ? "" : ", ") + std::to_string(extent);
  return fmt::format("{} [{}] on {}", c10::toString(tensor.scalar_type()), extents, tensor.device().str());
}

void check_split(const Dataset& dataset, const Split& split, const char* name) {
  const at::Tensor &inputs = split.inputs, &labels = split.labels;
  if (!inputs.defined() || !inputs.is_cpu() || inputs.dim() < 2 ||
      (inputs.scalar_type() != at::kByte && inputs.scalar_type() != at::kFloat))
    refuse(dataset,
           fmt::format("has {}.inputs of {}; expected Byte or Float [N, …] on the CPU", name, form_of(inputs)));
  if (!labels.defined() || !labels.is_cpu() || labels.dim() != 1 || labels.scalar_type() != at::kLong)
    refuse(dataset, fmt::format("has {}.labels of {}; expected Long [N] on the CPU", name, form_of(labels)));
  const RowContext& context = split.context;
  if (labels.size(0) != inputs.size(0) && !context.row.defined())
    refuse(dataset, fmt::format("has {} {}.inputs and {} {}.labels", inputs.size(0), name, labels.size(0), name));
  if (labels.size(0) == 0) refuse(dataset, fmt::format("has no examples in {}", name));
  if (inputs.numel() == 0) refuse(dataset, fmt::format("has {}.inputs of {}, without numbers", name, form_of(inputs)));
  if (context.defined()) {
    const std::vector<int64_t> sizes = {context.versions * labels.size(0)};
    for (const at::Tensor& bounds : {context.first, context.last, context.row})
      if (bounds.defined() && bounds.sizes() != sizes)
        refuse(dataset, fmt::format("has a {}.context for another number of examples", name));
    if (context.versions < 1 || (context.versions > 1 && !context.row.defined()))
      refuse(dataset, fmt::format("has a {}.context of {} versions without their rows", name, context.versions));
  }
  const auto classes = static_cast<int64_t>(dataset.classes.size());
  const auto lowest = labels.min().item<int64_t>(), highest = labels.max().item<int64_t>();
  if (lowest < -1 || highest >= classes)
    refuse(dataset,
           fmt::format("has {}.labels from {} to {}; expected those of its {} classes, from 0, and -1 for none", name,
                       lowest, highest, classes));
}

}  // namespace

std::string Dataset::fingerprint() const {
  Hasher hasher;
  for (const Split* split : {&train, &test}) {
    for (const at::Tensor& tensor : {split->inputs, split->labels}) add_to(hasher, tensor);
    if (!split->context.defined()) continue;
    add_to(hasher, split->context.first);
    if (split->context.row.defined()) add_to(hasher, split->context.row);
    hasher.add(&split->context.before, sizeof split->context.before)
        .add(&split->context.after, sizeof split->context.after);
  }
  if (speech != nullptr) hasher.add(speech->fingerprint());
  return hasher.fingerprint();
}

std::vector<int64_t> Dataset::input_shape() const {
  std::vector<int64_t> shape = train.inputs.sizes().slice(1).vec();
  if (train.context.defined()) shape.insert(shape.begin(), train.context.before + 1 + train.context.after);
  return shape;
}

void check_dataset(const Dataset& dataset) {
  if (dataset.classes.size() < 2)
    refuse(dataset, fmt::format("has {} classes; expected 2 or more", dataset.classes.size()));
  if (!std::isfinite(dataset.scale) || dataset.scale <= 0)
    refuse(dataset, fmt::format("has scale {}; expected a number above 0", dataset.scale));
  if (!dataset.superclasses.empty() && dataset.superclasses.size() != dataset.classes.size())
    refuse(dataset,
           fmt::format("has {} classes and {} superclasses", dataset.classes.size(), dataset.superclasses.size()));
  check_split(dataset, dataset.train, "train");
  check_split(dataset, dataset.test, "test");
  if (dataset.train.inputs.sizes().slice(1) != dataset.test.inputs.sizes().slice(1))
    refuse(dataset, fmt::format("has train.inputs of {} and test.inputs of {}; expected examples of one shape",
                                form_of(dataset.train.inputs), form_of(dataset.test.inputs)));
}

}  // namespace limbeck

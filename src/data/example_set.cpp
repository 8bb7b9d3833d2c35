#include "data/example_set.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/random.h"
#include "core/shared_values.h"
#include "core/vectorize.h"
#include "data/mixer.h"
#include "data/tensor_hash.h"
#include "device/operators.h"

namespace limbeck {

/// Of a split, on a device; with the host's tensors, by which it is known.
struct SplitOnDevice {
  at::Tensor inputs;
  RowContext context;
  at::Tensor host_inputs;
  RowContext host_context;
};

namespace {

RowContext context_to(at::Device device, RowContext context) {
  if (!context.defined()) return context;
  context.first = context.first.to(device);
  context.last = context.last.to(device);
  if (context.row.defined()) context.row = context.row.to(device);
  return context;
}

std::shared_ptr<const SplitOnDevice> share_on_device(const at::Tensor& inputs, const RowContext& context,
                                                     at::Device device) {
  static SharedValues<SplitOnDevice> splits;
  const auto identity = [](const at::Tensor& tensor) { return fmt::ptr(tensor.unsafeGetTensorImpl()); };
  const std::string key =
      fmt::format("{} {} {} {}", identity(inputs), identity(context.first), identity(context.last), device.str());
  return splits.get(key, [&] {
    return SplitOnDevice{.inputs = inputs.to(device),
                         .context = context_to(device, context),
                         .host_inputs = inputs,
                         .host_context = context};
  });
}

at::Tensor to_tensor(const std::vector<int64_t>& values) {
  return at::tensor(values, at::kLong);
}

/// Positions of `ids`, sorted by 64 random bits of (seed, purpose, epoch, id), equal bits by position: of groups, each
/// stays together.
std::vector<int64_t> shuffled(const at::Tensor& ids, uint64_t seed, Purpose purpose, int64_t epoch) {
  const at::Tensor on_host = ids.to(at::kCPU).contiguous();
  const auto* id = on_host.data_ptr<int64_t>();
  std::vector<std::pair<uint64_t, int64_t>> keys(static_cast<size_t>(ids.size(0)));
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto words = philox({seed, purpose, static_cast<uint32_t>(epoch), static_cast<uint32_t>(id[i])}, 0);
    keys[i] = {static_cast<uint64_t>(words[0]) << 32 | words[1], static_cast<int64_t>(i)};
  }
  std::sort(keys.begin(), keys.end());
  std::vector<int64_t> positions(keys.size());
  std::transform(keys.begin(), keys.end(), positions.begin(), [](const auto& key) { return key.second; });
  return positions;
}

LIMBECK_VECTORIZED
void scale_bytes(const uint8_t* __restrict from, float* __restrict to, float scale, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * scale;
}

/// Bytes times `scale` as float32, in one pass where they lie on the CPU.
at::Tensor scaled(const at::Tensor& bytes, double scale) {
  if (!bytes.is_cpu() || bytes.scalar_type() != at::kByte || !bytes.is_contiguous())
    return bytes.to(at::kFloat).mul_(scale);
  at::Tensor values = at::empty(bytes.sizes(), at::kFloat);
  const auto* from = bytes.data_ptr<uint8_t>();
  auto* to = values.data_ptr<float>();
  at::parallel_for(0, bytes.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
    scale_bytes(from + begin, to + begin, static_cast<float>(scale), end - begin);
  });
  return values;
}

/// Positions of the examples that a fraction keeps of those that are there, whole groups, as many of each stratum; a
/// group's stratum is its lowest label.
std::vector<int64_t> fraction_of_groups(const ExampleSet& examples, double fraction, uint64_t seed) {
  const at::Tensor groups = examples.groups().to(at::kCPU), labels = examples.labels().to(at::kCPU).contiguous();
  std::vector<std::vector<int64_t>> members;  // of each group, in random order
  for (const int64_t position : shuffled(groups, seed, Purpose::subset, 0)) {
    const auto* group = groups.data_ptr<int64_t>();
    if (members.empty() || group[members.back().front()] != group[position]) members.emplace_back();
    members.back().push_back(position);
  }
  std::map<int64_t, std::vector<const std::vector<int64_t>*>> strata;
  for (const std::vector<int64_t>& group : members) {
    const auto label = [&](int64_t position) { return labels.data_ptr<int64_t>()[position]; };
    const int64_t lowest =
        *std::min_element(group.begin(), group.end(), [&](int64_t a, int64_t b) { return label(a) < label(b); });
    strata[label(lowest)].push_back(&group);
  }
  std::vector<int64_t> kept;
  for (const auto& [label, of_stratum] : strata) {
    const auto count = static_cast<size_t>(std::llround(fraction * static_cast<double>(of_stratum.size())));
    for (size_t i = 0; i < count; ++i) kept.insert(kept.end(), of_stratum[i]->begin(), of_stratum[i]->end());
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

/// One of the classes that are kept, but not `label`.
int64_t other_class(int64_t label, const std::vector<bool>& kept, Random& random) {
  std::vector<int64_t> others;
  for (size_t i = 0; i < kept.size(); ++i)
    if (kept[i] && static_cast<int64_t>(i) != label) others.push_back(static_cast<int64_t>(i));
  return others.empty() ? label : others[random.below(static_cast<uint32_t>(others.size()))];
}

/// Whether examples of each class stay, as `classes` and `without` say.
std::vector<bool> kept_classes(const ExamplesRecipe& recipe, const Dataset& dataset) {
  std::vector<bool> kept(dataset.classes.size(), recipe.classes.empty());
  const auto set = [&](const std::vector<int64_t>& classes, bool value) {
    for (const int64_t label : classes) {
      if (label >= static_cast<int64_t>(kept.size()))
        throw Error(ErrorKind::usage, fmt::format("examples: class {} does not exist; '{}' has the classes 0 to {}",
                                                  label, dataset.name, kept.size() - 1));
      kept[static_cast<size_t>(label)] = value;
    }
  };
  set(recipe.classes, true);
  set(recipe.without, false);
  return kept;
}

}  // namespace

void append_unlabelled(Dataset& dataset, const Dataset& extra) {
  if (extra.input_shape() != dataset.input_shape() || extra.scale != dataset.scale)
    throw Error(ErrorKind::usage,
                fmt::format("data.extra: the examples of '{}' have another shape or scale than those of '{}'",
                            extra.name, dataset.name));
  if (dataset.train.context.defined() || extra.train.context.defined())
    throw Error(ErrorKind::usage, "data.extra: recordings cannot be added to a data set");
  dataset.train.inputs = at::cat({dataset.train.inputs, extra.train.inputs});
  dataset.train.mapped = false;
  dataset.train.labels = at::cat({dataset.train.labels, at::full_like(extra.train.labels, -1)});
}

ExampleSet::ExampleSet(const Split& split, std::string name, const Dataset& dataset)
    : name_(std::move(name)),
      split_size_(split.size()),
      inputs_(split.inputs),
      context_(split.context),
      ids_(at::arange(split.size(), at::kLong)),
      labels_(split.labels),
      scale_(dataset.scale) {}

std::string ExampleSet::fingerprint() const {
  Hasher hasher;
  add_to(hasher, ids_);
  add_to(hasher, inputs_);
  if (context_.defined()) {
    add_to(hasher, context_.first);
    if (context_.row.defined()) add_to(hasher, context_.row);
    hasher.add(&context_.before, sizeof context_.before).add(&context_.after, sizeof context_.after);
  }
  return hasher.fingerprint();
}

ExampleSet ExampleSet::select(const at::Tensor& positions, std::string name) const {
  ExampleSet part = *this;
  part.name_ = std::move(name);
  part.ids_ = ids_.index_select(0, positions);
  part.labels_ = labels_.index_select(0, positions);
  return part;
}

ExampleSet ExampleSet::with_labels(const at::Tensor& labels) const {
  ExampleSet relabelled = *this;
  relabelled.labels_ = labels.to(labels_.device());
  return relabelled;
}

ExampleSet ExampleSet::to(at::Device device) const {
  ExampleSet moved = *this;
  if (inputs_.is_cpu() && !device.is_cpu()) {
    moved.on_device_ = share_on_device(inputs_, context_, device);
    moved.inputs_ = moved.on_device_->inputs;
    moved.context_ = moved.on_device_->context;
  } else {
    moved.inputs_ = inputs_.to(device);
    moved.context_ = context_to(device, context_);
  }
  moved.ids_ = ids_.to(device);
  moved.labels_ = labels_.to(device);
  return moved;
}

void ExampleSet::require(const Augmenter& augmenter) const {
  augmenter.require_inputs(inputs_.dim() + (context_.defined() ? 1 : 0));
  if (augmenter.versions() > context_.versions)
    throw Error(
        ErrorKind::usage,
        fmt::format("the augmentation 'copies' draws from {} copies of each recording, and the data set has {}; "
                    "its option 'copies.count' makes more",
                    augmenter.versions() - 1, context_.versions - 1));
}

LabelledIds ExampleSet::rows_at(const at::Tensor& positions) const {
  return {ids_.index_select(0, positions), labels_.index_select(0, positions)};
}

Batch ExampleSet::batch(const at::Tensor& positions) const {
  return batch(positions, {}, 0, 0);
}

Batch ExampleSet::batch(const at::Tensor& positions, const Augmenter& augmenter, uint64_t seed,
                        const Epoch& epoch) const {
  const LabelledIds examples = rows_at(positions);
  if (!augmenter.mixes()) return batch(examples, augmenter, seed, epoch, {}, {});
  const Mixing mixing = augmenter.draw_mixing(examples.ids, size(), seed, epoch.number());
  return batch(examples, augmenter, seed, epoch, rows_at(mixing.partners), mixing.draws);
}

Batch ExampleSet::batch(const LabelledIds& examples, const Augmenter& augmenter, uint64_t seed, const Epoch& epoch,
                        const LabelledIds& partners, const at::Tensor& draws) const {
  const auto in_drawn_views = [&](const LabelledIds& of) {
    return in_views(of, augmenter, augmenter.draw(of.ids, seed, epoch));
  };
  Batch batch = in_drawn_views(examples);
  batch.draw = epoch.number();
  if (!draws.defined()) return batch;
  const Batch others = in_drawn_views(partners);
  MixedInputs mixed = augmenter.mix(batch.inputs, others.inputs, draws);
  batch.inputs = std::move(mixed.inputs);
  batch.partner_labels = others.labels;
  batch.mix = std::move(mixed.shares);
  return batch;
}

Batch ExampleSet::batch(const at::Tensor& positions, const Augmenter& augmenter, const at::Tensor& views) const {
  if (augmenter.mixes()) throw Error("examples that are mixed with others follow from no view and cannot be replayed");
  return in_views(rows_at(positions), augmenter, views);
}

at::Tensor ExampleSet::groups() const {
  return context_.defined() ? context_.first.index_select(0, ids_).to(at::kLong) : at::Tensor();
}

at::Tensor ExampleSet::inputs_of(const at::Tensor& ids, const at::Tensor& versions) const {
  if (!context_.defined()) return inputs_.index_select(0, ids);
  const at::Tensor places = versions.defined() ? ids + versions * split_size_ : ids;
  const int64_t count = context_.before + 1 + context_.after;
  const at::Tensor around = at::arange(-context_.before, context_.after + 1, ids.options());
  const auto column = [&](const at::Tensor& of) { return of.index_select(0, places).to(at::kLong).unsqueeze(1); };
  const at::Tensor row = context_.row.defined() ? column(context_.row) : ids.unsqueeze(1);
  const at::Tensor rows = at::minimum(at::maximum(row + around, column(context_.first)), column(context_.last));
  std::vector<int64_t> shape = inputs_.sizes().vec();
  shape[0] = ids.size(0);
  shape.insert(shape.begin() + 1, count);
  return inputs_.index_select(0, rows.flatten()).reshape(shape);
}

Batch ExampleSet::in_views(const LabelledIds& examples, const Augmenter& augmenter, const at::Tensor& views) const {
  Batch batch;
  batch.ids = examples.ids;
  batch.labels = examples.labels;
  batch.views = views;
  batch.inputs = scaled_inputs(batch.ids, augmenter, views);
  return batch;
}

at::Tensor ExampleSet::scaled_inputs(const at::Tensor& ids, const Augmenter& augmenter, const at::Tensor& views) const {
  if (!ids.is_cpu() && inputs_.scalar_type() == at::kByte && inputs_.dim() == 4 && !context_.defined()) {
    if (auto how = augmenter.picture_views(); how && how->padding < std::min(inputs_.size(2), inputs_.size(3))) {
      how->scale = scale_;
      return picture_views(inputs_, ids, views, *how);
    }
  }
  const at::Tensor pixels = inputs_of(ids, augmenter.versions_of(views));
  return scaled(augmenter.empty() ? pixels : augmenter.apply(pixels, views), scale_);
}

at::Tensor ExampleSet::order(uint64_t seed, int64_t epoch) const {
  if (ids_.is_cpu()) return to_tensor(shuffled(ids_, seed, Purpose::order, epoch));
  return std::get<1>(random_keys(ids_, Epoch(epoch).on(ids_.device()), seed, Purpose::order)
                         .sort(/*stable=*/true, 0, /*descending=*/false));
}

int64_t ExampleSet::at_once(int64_t most) const {
  constexpr int64_t kFloats = 3'072'000;  // 1,000 images of 32 x 32 pixels in three colours
  const int64_t rows = context_.defined() ? context_.before + 1 + context_.after : 1;
  const int64_t floats = std::max<int64_t>(1, rows * inputs_.numel() / std::max<int64_t>(1, inputs_.size(0)));
  return std::clamp(kFloats / floats, int64_t{1}, most);
}

std::vector<at::Tensor> ExampleSet::parts(int64_t most) const {
  return at::arange(size(), ids_.options()).split(at_once(most));
}

at::Tensor over_batches(const ExampleSet& examples, const std::function<at::Tensor(const Batch&)>& of_batch) {
  if (examples.size() == 0) throw Error(fmt::format("the split '{}' has no examples", examples.name()));
  std::vector<at::Tensor> parts;
  for (const at::Tensor& positions : examples.parts()) parts.push_back(of_batch(examples.batch(positions)));
  return at::cat(parts);
}

TrainingSplit hold_out(const Dataset& dataset, int64_t validation, uint64_t seed) {
  const ExampleSet all(dataset.train, "train", dataset);
  const at::Tensor is_labelled = all.labels().ge(0);
  const ExampleSet labelled = all.select(is_labelled.nonzero().flatten(), "train");
  if (validation >= labelled.size())
    throw Error(ErrorKind::usage,
                fmt::format("data.validation holds out {} examples, but '{}' has only {} for training", validation,
                            dataset.name, labelled.size()));
  std::vector<int64_t> positions = shuffled(labelled.ids(), seed, Purpose::split, 0);
  auto boundary = positions.begin() + validation;
  if (const at::Tensor groups = labelled.groups(); validation > 0 && groups.defined()) {
    positions = shuffled(groups, seed, Purpose::split, 0);
    boundary = std::find_if(positions.begin() + validation, positions.end(),
                            [&, group = groups.data_ptr<int64_t>()](const int64_t& position) {
                              return group[position] != group[*(&position - 1)];
                            });
    if (boundary == positions.end())
      throw Error(ErrorKind::usage,
                  fmt::format("data.validation holds out {} frames: nothing is left for training", validation));
  }
  std::sort(positions.begin(), boundary);
  std::sort(boundary, positions.end());
  const at::Tensor kept = labelled.ids().index_select(0, to_tensor({boundary, positions.end()}));
  const at::Tensor extra = is_labelled.logical_not().nonzero().flatten();
  return {.train = all.select(at::cat({kept, extra}), "train"),
          .validation = labelled.select(to_tensor({positions.begin(), boundary}), "validation")};
}

ExampleSet choose_examples(const ExampleSet& examples, const ExamplesRecipe& recipe, const Dataset& dataset,
                           uint64_t seed) {
  if (recipe.fraction < 1 && examples.groups().defined()) {
    const std::vector<int64_t> kept = fraction_of_groups(examples, recipe.fraction, seed);
    if (kept.empty())
      throw Error(ErrorKind::usage, fmt::format("examples: no training example of '{}' is left", dataset.name));
    ExamplesRecipe further = recipe;
    further.fraction = 1;
    return choose_examples(examples.select(to_tensor(kept), examples.name()), further, dataset, seed);
  }
  const std::vector<bool> kept = kept_classes(recipe, dataset);
  at::Tensor labels = examples.labels().to(at::kCPU).clone();
  auto* label_of = labels.data_ptr<int64_t>();
  std::vector<std::vector<int64_t>> of_class(kept.size());
  std::vector<int64_t> chosen;
  for (const int64_t position : shuffled(examples.ids(), seed, Purpose::subset, 0)) {
    if (label_of[position] >= 0)
      of_class[static_cast<size_t>(label_of[position])].push_back(position);
    else if (recipe.extra)
      chosen.push_back(position);
  }
  const at::Tensor ids = examples.ids().to(at::kCPU).contiguous();
  for (size_t label = 0; label < kept.size(); ++label) {
    if (!kept[label] || of_class[label].empty()) continue;
    const auto part = [](double fraction, size_t of) {
      return static_cast<int64_t>(std::llround(fraction * static_cast<double>(of)));
    };
    const auto begin = of_class[label].begin();
    const int64_t count = part(recipe.fraction, of_class[label].size());
    const int64_t hidden = part(recipe.unlabelled, static_cast<size_t>(count));
    chosen.insert(chosen.end(), begin, begin + count);
    for (int64_t i = 0; i < count; ++i) {
      int64_t& shown = label_of[begin[i]];
      Random random({seed, Purpose::label_noise, 0, static_cast<uint32_t>(ids.data_ptr<int64_t>()[begin[i]])});
      if (i < hidden)
        shown = -1;
      else if (random.uniform() < static_cast<float>(recipe.noise))
        shown = other_class(shown, kept, random);
    }
  }
  if (chosen.empty())
    throw Error(ErrorKind::usage, fmt::format("examples: no training example of '{}' is left", dataset.name));
  std::sort(chosen.begin(), chosen.end());
  return examples.with_labels(labels).select(to_tensor(chosen), examples.name());
}

}  // namespace limbeck

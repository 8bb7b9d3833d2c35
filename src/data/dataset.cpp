#include "data/dataset.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <algorithm>
#include <numeric>

#include "core/hash.h"
#include "core/random.h"
#include "core/vectorize.h"

namespace limbeck {
namespace {

torch::Tensor to_tensor(const std::vector<int64_t>& values) { return torch::tensor(values, torch::kInt64); }

/// Positions of `ids`, sorted by 64 random bits of (seed, purpose, epoch, id), equal bits by id.
std::vector<int64_t> shuffled(const torch::Tensor& ids, uint64_t seed, Purpose purpose, int64_t epoch) {
  const torch::Tensor on_host = ids.to(torch::kCPU).contiguous();
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
torch::Tensor scaled(const torch::Tensor& bytes, double scale) {
  if (!bytes.is_cpu() || bytes.scalar_type() != torch::kUInt8 || !bytes.is_contiguous())
    return bytes.to(torch::kFloat32).mul_(scale);
  torch::Tensor values = torch::empty(bytes.sizes(), torch::kFloat32);
  const auto* from = bytes.data_ptr<uint8_t>();
  auto* to = values.data_ptr<float>();
  at::parallel_for(0, bytes.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
    scale_bytes(from + begin, to + begin, static_cast<float>(scale), end - begin);
  });
  return values;
}

/// Whether examples of each class stay, as `classes` and `without` say.
std::vector<bool> kept_classes(const ExamplesRecipe& recipe, const Dataset& dataset) {
  std::vector<bool> kept(dataset.classes.size(), recipe.classes.empty());
  const auto set = [&](const std::vector<int64_t>& classes, bool value) {
    for (const int64_t label : classes) {
      if (label >= static_cast<int64_t>(kept.size()))
        throw Error(ErrorKind::usage, fmt::format("examples: class {} does not exist; '{}' has the classes 0 to {}", label,
                                                  dataset.name, kept.size() - 1));
      kept[static_cast<size_t>(label)] = value;
    }
  };
  set(recipe.classes, true);
  set(recipe.without, false);
  return kept;
}

}  // namespace

std::string Dataset::fingerprint() const {
  Hasher hasher;
  for (const Split* split : {&train, &test}) {
    for (const torch::Tensor& tensor : {split->inputs, split->labels}) {
      const torch::Tensor bytes = tensor.to(torch::kCPU).contiguous();
      hasher.add(bytes.data_ptr(), bytes.nbytes());
      hasher.add(bytes.sizes().data(), bytes.sizes().size() * sizeof(int64_t));
    }
  }
  return hasher.fingerprint();
}

ExampleSet::ExampleSet(const Split& split, std::string name, const Dataset& dataset)
    : name_(std::move(name)),
      inputs_(split.inputs),
      ids_(torch::arange(split.size(), torch::kInt64)),
      labels_(split.labels),
      scale_(dataset.scale) {}

ExampleSet ExampleSet::select(const torch::Tensor& positions, std::string name) const {
  ExampleSet part = *this;
  part.name_ = std::move(name);
  part.ids_ = ids_.index_select(0, positions);
  part.labels_ = labels_.index_select(0, positions);
  return part;
}

ExampleSet ExampleSet::without_labels(const torch::Tensor& positions) const {
  ExampleSet part = *this;
  part.labels_ = labels_.index_fill(0, positions, -1);
  return part;
}

ExampleSet ExampleSet::to(torch::Device device) const {
  ExampleSet moved = *this;
  moved.inputs_ = inputs_.to(device);
  moved.ids_ = ids_.to(device);
  moved.labels_ = labels_.to(device);
  return moved;
}

Batch ExampleSet::batch(const torch::Tensor& positions) const { return batch(positions, {}, 0, 0); }

Batch ExampleSet::batch(const torch::Tensor& positions, const Augmenter& augmenter, uint64_t seed,
                        int64_t epoch) const {
  Batch batch;
  batch.ids = ids_.index_select(0, positions);
  batch.labels = labels_.index_select(0, positions);
  batch.views = augmenter.draw(batch.ids, seed, epoch);
  const torch::Tensor pixels = inputs_.index_select(0, batch.ids);
  batch.inputs = scaled(augmenter.empty() ? pixels : augmenter.apply(pixels, batch.views), scale_);
  return batch;
}

torch::Tensor ExampleSet::order(uint64_t seed, int64_t epoch) const {
  return to_tensor(shuffled(ids_, seed, Purpose::order, epoch)).to(ids_.device());
}

torch::Tensor over_batches(const ExampleSet& examples, const std::function<torch::Tensor(const Batch&)>& of_batch) {
  constexpr int64_t kBatch = 1000;
  if (examples.size() == 0) throw Error(fmt::format("the split '{}' has no examples", examples.name()));
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& positions : torch::arange(examples.size(), examples.ids().options()).split(kBatch))
    parts.push_back(of_batch(examples.batch(positions)));
  return torch::cat(parts);
}

TrainingSplit hold_out(const Dataset& dataset, int64_t validation, uint64_t seed) {
  const ExampleSet all(dataset.train, "train", dataset);
  if (validation >= all.size())
    throw Error(ErrorKind::usage, fmt::format("data.validation holds out {} examples, but '{}' has only {} for training",
                                              validation, dataset.name, all.size()));
  std::vector<int64_t> positions = shuffled(all.ids(), seed, Purpose::split, 0);
  const auto boundary = positions.begin() + validation;
  std::sort(positions.begin(), boundary);
  std::sort(boundary, positions.end());
  return {.train = all.select(to_tensor({boundary, positions.end()}), "train"),
          .validation = all.select(to_tensor({positions.begin(), boundary}), "validation")};
}

ExampleSet choose_examples(const ExampleSet& examples, const ExamplesRecipe& recipe, const Dataset& dataset,
                           uint64_t seed) {
  const std::vector<bool> kept = kept_classes(recipe, dataset);
  const torch::Tensor labels = examples.labels().to(torch::kCPU).contiguous();
  std::vector<std::vector<int64_t>> of_class(kept.size());
  for (const int64_t position : shuffled(examples.ids(), seed, Purpose::subset, 0))
    of_class[static_cast<size_t>(labels.data_ptr<int64_t>()[position])].push_back(position);

  std::vector<int64_t> chosen, hidden;
  for (size_t label = 0; label < kept.size(); ++label) {
    if (!kept[label] || of_class[label].empty()) continue;
    const auto part = [](double fraction, size_t of) {
      return static_cast<int64_t>(std::llround(fraction * static_cast<double>(of)));
    };
    const auto begin = of_class[label].begin();
    const int64_t count = part(recipe.fraction, of_class[label].size());
    chosen.insert(chosen.end(), begin, begin + count);
    hidden.insert(hidden.end(), begin, begin + part(recipe.unlabelled, static_cast<size_t>(count)));
  }
  if (chosen.empty())
    throw Error(ErrorKind::usage, fmt::format("examples: no training example of '{}' is left", dataset.name));
  std::sort(chosen.begin(), chosen.end());
  return examples.without_labels(to_tensor(hidden)).select(to_tensor(chosen), examples.name());
}

}  // namespace limbeck

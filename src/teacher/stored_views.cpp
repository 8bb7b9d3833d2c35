#include "teacher/stored_views.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>

#include <algorithm>

#include "core/random.h"

namespace limbeck {
namespace {

constexpr int64_t kTogether = 500;  // outputs that are computed in one pass, or copied at once, at most

/// How far stored numbers are from live ones.
class RelativeDifference {
 public:
  void add(const at::Tensor& live, const at::Tensor& stored) {
    largest_ = std::max(largest_, live.abs().max().item<double>());
    difference_ = std::max(difference_, (live - stored).abs().max().item<double>());
  }
  double value() const { return difference_ / std::max(largest_, 1e-30); }

 private:
  double largest_ = 0, difference_ = 0;
};

}  // namespace

StoredViews::StoredViews(std::unique_ptr<Teacher> live, TeacherStore store, const ExampleSet& examples,
                         const Augmenter& augmenter, uint64_t seed, int64_t cycle)
    : live_(std::move(live)),
      store_(std::move(store)),
      examples_(examples),
      augmenter_(augmenter),
      seed_(seed),
      cycle_(cycle),
      positions_(examples.ids()) {
  lacking_ = store_.outputs() - store_.filled();
}

at::Tensor StoredViews::slots_of(const at::Tensor& views, int64_t drawing) const {
  if (cycle_ == 0) return views;
  if (drawing < 0 || drawing >= cycle_)
    throw Error(fmt::format("drawing {} of views is not stored; there are {}", drawing, cycle_));
  return at::full_like(views, drawing);
}

at::Tensor StoredViews::missing(const at::Tensor& rows, const at::Tensor& slots, const at::Tensor& views) const {
  const at::Tensor known = store_.views_at(rows, slots) - 1;
  if (known.ne(views).logical_and(known.ge(0)).any().item<bool>())
    throw Error("the stored outputs are of other views of the examples than those that are trained on");
  return known.lt(0).nonzero().flatten();
}

void StoredViews::compute(const Batch& batch, const at::Tensor& rows, const at::Tensor& slots) const {
  store_.write(rows, slots, batch.views, live_->outputs(batch));
  lacking_ -= batch.size();
  if (lacking_ == 0) store_.seal();
}

TeacherOutputs StoredViews::outputs(const Batch& batch) const {
  const at::NoGradGuard no_gradient;
  if (!batch.ids.is_cpu() && batch.draw == prepared_) {
    const at::Tensor positions = positions_.on_device_of(batch.ids);
    return each_of(of_epoch_, [&](const at::Tensor& all) { return all.index_select(0, positions); });
  }
  const at::Tensor views = batch.views.to(at::kCPU);
  const at::Tensor rows = store_.rows().of(batch.ids), slots = slots_of(views, batch.draw);
  if (const at::Tensor lacking = missing(rows, slots, views); lacking.size(0) > 0) {
    // A small batch costs the teacher nearly what a whole one does, so the order of what is computed together does not
    // matter.
    const at::Tensor on_device = lacking.to(batch.inputs.device());
    Batch part;
    part.inputs = batch.inputs.index_select(0, on_device);
    part.labels = batch.labels.index_select(0, on_device);
    part.ids = batch.ids.index_select(0, on_device);
    part.views = batch.views.index_select(0, on_device);
    compute(part, rows.index_select(0, lacking), slots.index_select(0, lacking));
  }
  return each_of(store_.read(rows, slots), [&](const at::Tensor& read) { return read.to(batch.inputs.device()); });
}

void StoredViews::prepare_epoch(int64_t drawing, const std::function<void()>& between) const {
  const at::Tensor& ids = examples_.ids();
  if (ids.is_cpu() || drawing == prepared_) return;
  const at::NoGradGuard no_gradient;
  const at::Tensor on_device = augmenter_.draw(ids, seed_, drawing), views = on_device.to(at::kCPU);
  const at::Tensor rows = store_.rows().of(ids), slots = slots_of(views, drawing);
  if (const at::Tensor lacking = missing(rows, slots, views); lacking.size(0) > 0) {
    for (const at::Tensor& part : lacking.split(examples_.at_once(kTogether))) {
      const at::Tensor positions = part.to(ids.device());
      compute(examples_.batch(positions, augmenter_, on_device.index_select(0, positions)), rows.index_select(0, part),
              slots.index_select(0, part));
      between();
    }
  }
  prepared_ = -1;
  bring(rows, slots);
  prepared_ = drawing;
}

void StoredViews::bring(const at::Tensor& rows, const at::Tensor& slots) const {
  for (int64_t begin = 0; begin < rows.size(0); begin += kTogether) {  // features are large
    const int64_t end = std::min(begin + kTogether, rows.size(0));
    const TeacherOutputs part = store_.read(rows.slice(0, begin, end), slots.slice(0, begin, end));
    if (!of_epoch_.logits.defined())  // captured work reads the same memory in all epochs
      of_epoch_ = each_of(part, [&](const at::Tensor& read) {
        std::vector<int64_t> shape = read.sizes().vec();
        shape[0] = rows.size(0);
        return at::empty(shape, read.options().device(examples_.ids().device()));
      });
    const auto copy = [&](const at::Tensor& all, const at::Tensor& read) { all.slice(0, begin, end).copy_(read); };
    copy(of_epoch_.logits, part.logits);
    for (const auto& [name, feature] : part.features) copy(of_epoch_.features.at(name), feature);
    if (part.members.defined()) copy(of_epoch_.members, part.members);
  }
}

at::Tensor StoredViews::positions_of(const at::Tensor& rows) const {
  return positions_.of(store_.ids().index_select(0, rows)).to(examples_.ids().device());
}

at::Tensor StoredViews::views_in(const at::Tensor& positions, int64_t slot) const {
  const at::Tensor ids = examples_.ids().index_select(0, positions);
  return cycle_ > 0 ? augmenter_.draw(ids, seed_, slot) : at::full_like(ids, slot);
}

void StoredViews::fill(const std::function<bool(int64_t done, int64_t all)>& progress) {
  if (lacking_ == 0) return store_.seal();
  for (const at::Tensor& rows : at::arange(store_.examples(), at::kLong).split(examples_.at_once(kTogether))) {
    const at::Tensor positions = positions_of(rows);
    for (int64_t slot = 0; slot < store_.layout().slots; ++slot) {  // an example's lie side by side in the file
      const at::Tensor known = store_.views_at(rows, at::full_like(rows, slot));
      const at::Tensor lacking = known.le(0).nonzero().flatten();
      if (lacking.size(0) == 0) continue;
      const at::Tensor wanted = positions.index_select(0, lacking.to(positions.device()));
      const Batch batch = examples_.batch(wanted, augmenter_, views_in(wanted, slot));
      const at::NoGradGuard no_gradient;
      compute(batch, rows.index_select(0, lacking), at::full_like(lacking, slot));
      if (!progress(store_.outputs() - lacking_, store_.outputs())) return;
    }
  }
  store_.seal();
}

StoredViews::Comparison StoredViews::compare(int64_t count, uint64_t seed) const {
  const at::Tensor there = store_.views().flatten().gt(0).nonzero().flatten();
  if (there.size(0) == 0) throw Error("nothing is stored yet");
  at::Tensor chosen = at::empty({std::min(count, there.size(0))}, at::kLong);
  auto* to = chosen.data_ptr<int64_t>();
  const auto* from = there.data_ptr<int64_t>();
  for (int64_t i = 0; i < chosen.size(0); ++i)
    to[i] =
        from[Random({seed, Purpose::subset, 0, static_cast<uint32_t>(i)}).below(static_cast<uint32_t>(there.size(0)))];
  const int64_t slots = store_.layout().slots;
  const at::NoGradGuard no_gradient;
  Comparison result{.outputs = chosen.size(0)};
  std::map<std::string, RelativeDifference> differences;  // of each feature; of logits without a name
  double agreeing = 0;
  for (const at::Tensor& part : chosen.split(examples_.at_once(kTogether))) {
    const at::Tensor rows = part.div(slots, "floor"), of = part.remainder(slots);
    const at::Tensor views = store_.views_at(rows, of) - 1;
    const Batch batch = examples_.batch(positions_of(rows), augmenter_, views.to(examples_.ids().device()));
    const TeacherOutputs live = store_.as_stored(rows, of, live_->outputs(batch)), stored = store_.read(rows, of);
    differences[""].add(live.logits, stored.logits);
    for (const auto& [name, feature] : stored.features) differences[name].add(live.features.at(name), feature);
    agreeing += live.logits.argmax(1).eq(stored.logits.argmax(1)).sum().item<double>();
  }
  for (const auto& [name, difference] : differences)
    result.difference = std::max(result.difference, difference.value());
  result.agreement = agreeing / static_cast<double>(result.outputs);
  return result;
}

}  // namespace limbeck

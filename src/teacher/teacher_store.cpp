#include "teacher/teacher_store.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/zeros.h>

#include <atomic>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "nn/dtypes.h"

namespace limbeck {
namespace {

/// Slots of examples, or of anything else, are told by one index: [n, S, …] → [n·S, …].
at::Tensor flat(const at::Tensor& table) {
  return table.flatten(0, 1);
}

/// What a store keeps of numbers; `what` they are is for an error message.
at::Tensor rounded_to(at::ScalarType type, const at::Tensor& values, const std::string& what) {
  const at::Tensor rounded = values.to(type);
  if (type == at::kHalf && (rounded.isinf() & values.isfinite()).any().item<bool>())
    throw Error(
        fmt::format("the teacher's {} larger than float16 can hold (65,504); store them as `type: float32`", what));
  return rounded;
}

const at::Tensor& feature_of(const TeacherOutputs& outputs, const std::string& name) {
  const auto found = outputs.features.find(name);
  if (found == outputs.features.end()) throw Error(fmt::format("the teacher gives no feature '{}' to store", name));
  return found->second;
}

/// The K largest logits in order, the classes they are of, and the one logit of all others.
struct Top {
  at::Tensor values, classes;
};

Top of_classes(const at::Tensor& logits, const at::Tensor& classes) {
  const int64_t others_count = logits.size(1) - classes.size(1);
  at::Tensor rest = at::full({logits.size(0), 1}, -std::numeric_limits<float>::infinity());
  if (others_count > 0) {
    const at::Tensor others = logits.scatter(1, classes, -std::numeric_limits<float>::infinity());
    rest = at::logsumexp(others, 1, /*keepdim=*/true) - std::log(static_cast<double>(others_count));
  }
  return {at::cat({logits.gather(1, classes), rest}, 1), classes};
}

Top top_of(const at::Tensor& logits, int64_t count) {
  return of_classes(logits, std::get<1>(logits.topk(count, 1)));
}

at::Tensor logits_of(const Top& top, int64_t classes) {
  const int64_t count = top.classes.size(1);
  return top.values.slice(1, count).expand({-1, classes}).scatter(1, top.classes, top.values.slice(1, 0, count));
}

/// The ids where they are compared and written; a store of none makes no sense.
at::Tensor stored_ids(const at::Tensor& ids) {
  if (ids.size(0) == 0) throw Error("a store of no examples");
  return ids.to(at::kCPU).contiguous();
}

at::Tensor ids_of(const std::vector<StoreFile>& files) {
  std::vector<at::Tensor> ids;
  for (const StoreFile& file : files) ids.push_back(file.table("ids"));
  return at::cat(ids);
}

}  // namespace

TeacherStore::TeacherStore(const StoreLayout& layout, const at::Tensor& ids)
    : layout_(layout), ids_(stored_ids(ids)), rows_(ids_) {
  check_layout(layout);
  for (const auto& [name, shape] : layout.features) taps_.push_back(name);
}

template <class TableOf>
void TeacherStore::add_tables(const TableOf& table_of) {
  views_.add(table_of("views"));
  values_.add(table_of(values_name(layout_)));
  if (layout_.top > 0) classes_.add(table_of("classes"));
  for (const auto& [name, shape] : layout_.features) features_[name].add(table_of(tensor_of_feature(name)));
}

TeacherStore TeacherStore::in_memory(const StoreLayout& layout, const at::Tensor& ids) {
  TeacherStore store(layout, ids);
  const auto tensors = tensors_of(layout, store.examples());
  store.add_tables([&](const std::string& name) {
    const RawTensor& description = tensors.at(name);
    return at::zeros(description.shape, scalar_type_of(description.dtype).value());
  });
  return store;
}

TeacherStore TeacherStore::of_file(StoreFile file, const StoreLayout& layout, const at::Tensor& ids,
                                   const StoreIdentity& identity) {
  TeacherStore store(layout, ids);
  file.require(layout, identity, store.ids_);
  store.layout_.features = file.layout().features;
  store.add_tables([&](const std::string& name) { return file.table(name); });
  store.files_.push_back(std::move(file));
  return store;
}

TeacherStore TeacherStore::create(const fs::path& path, const StoreLayout& layout, const at::Tensor& ids,
                                  const StoreIdentity& identity) {
  check_layout(layout);
  return of_file(StoreFile::create(path, layout, stored_ids(ids), identity), layout, ids, identity);
}

TeacherStore TeacherStore::open(const fs::path& path, const StoreLayout& layout, const at::Tensor& ids,
                                const StoreIdentity& identity) {
  return of_file(StoreFile::open(path), layout, ids, identity);
}

TeacherStore TeacherStore::join(const std::vector<StoreFile>& files, const StoreLayout& layout, const at::Tensor& ids,
                                const StoreIdentity& identity) {
  for (const StoreFile& file : files) file.require(layout, identity);
  std::vector<std::string> taps;
  for (const auto& [name, shape] : layout.features) taps.push_back(name);
  const at::Tensor wanted = stored_ids(ids);
  if (!ids_of(files).equal(wanted)) refuse_store(files.front().path(), "the teacher on other examples");
  return join(files, taps, wanted.max().item<int64_t>() + 1);
}

TeacherStore TeacherStore::join(const std::vector<StoreFile>& files, const std::vector<std::string>& taps,
                                int64_t id_count) {
  const StoreFile& first = files.front();
  for (const StoreFile& file : files) file.require(first.layout(), {});
  const at::Tensor ids = ids_of(files);
  check_ids(ids, first.path().string(), id_count);
  TeacherStore store(first.layout(), ids);
  for (const StoreFile& file : files) store.add_tables([&](const std::string& name) { return file.table(name); });
  for (const std::string& tap : taps)
    if (!store.features_.contains(tap))
      throw Error(ErrorKind::usage, fmt::format("'{}' has no feature '{}'", first.path().string(), tap));
  store.taps_ = taps;
  store.files_ = files;
  return store;
}

int64_t TeacherStore::filled() const {
  int64_t filled = 0;
  for (const at::Tensor& part : views_.parts()) filled += part.gt(0).sum().item<int64_t>();
  return filled;
}

at::Tensor TeacherStore::views() const {
  return views_.parts().size() == 1 ? views_.only() : at::cat(views_.parts());
}

at::Tensor TeacherStore::classes_at(const at::Tensor& rows, const at::Tensor& slots) const {
  const at::Tensor classes = classes_.at(rows, slots).to(at::kLong);
  if ((classes.lt(0) | classes.ge(layout_.classes)).any().item<bool>())
    throw Error(
        fmt::format("'{}' is damaged: it names classes that there are not; remove it to compute the outputs again",
                    files_.empty() ? "" : files_.front().path().string()));
  return classes;
}

TeacherOutputs TeacherStore::read(const at::Tensor& rows, const at::Tensor& slots) const {
  const at::Tensor values = values_.at(rows, slots).to(at::kFloat);
  TeacherOutputs outputs{.logits = values};
  if (layout_.members > 0) {
    outputs.logits = log_mean_distribution(values, 1);
    outputs.members = values;
  } else if (layout_.top > 0) {
    outputs.logits = logits_of({values, classes_at(rows, slots)}, layout_.classes);
  }
  for (const std::string& name : taps_) outputs.features[name] = features_.at(name).at(rows, slots).to(at::kFloat);
  return outputs;
}

TeacherOutputs TeacherStore::as_stored(const at::Tensor& rows, const at::Tensor& slots,
                                       const TeacherOutputs& outputs) const {
  const auto rounded = [&](const at::Tensor& values) { return values.to(at::kCPU).to(layout_.type).to(at::kFloat); };
  TeacherOutputs stored;
  if (layout_.members > 0) {
    stored.logits = log_mean_distribution(rounded(outputs.members), 1);
  } else if (layout_.top == 0) {
    stored.logits = rounded(outputs.logits);
  } else {
    const Top top = of_classes(outputs.logits.to(at::kCPU).to(at::kFloat), classes_at(rows, slots));
    stored.logits = logits_of({rounded(top.values), top.classes}, layout_.classes);
  }
  for (const std::string& name : taps_) stored.features[name] = rounded(feature_of(outputs, name));
  return stored;
}

void TeacherStore::write(const at::Tensor& rows, const at::Tensor& slots, const at::Tensor& views,
                         const TeacherOutputs& outputs) {
  if (views_.parts().size() > 1) throw Error("a store of several files is complete and cannot be changed");
  const at::Tensor at = rows * layout_.slots + slots;
  const auto on_host = [](const at::Tensor& values) { return values.to(at::kCPU).to(at::kFloat); };
  at::Tensor values = on_host(layout_.members > 0 ? outputs.members : outputs.logits);
  if (layout_.top > 0) {
    const Top top = top_of(values, layout_.top);
    flat(classes_.only()).index_copy_(0, at, top.classes.to(at::kShort));
    values = top.values;
  }
  flat(values_.only()).index_copy_(0, at, rounded_to(layout_.type, values, "logits are"));
  for (const auto& [name, table] : features_)
    flat(table.only())
        .index_copy_(0, at,
                     rounded_to(layout_.type, on_host(feature_of(outputs, name)),
                                fmt::format("numbers of the feature '{}' are", name)));
  // Who is stopped between the two has written nothing: what the table says is there is there.
  std::atomic_thread_fence(std::memory_order_release);
  flat(views_.only()).index_copy_(0, at, views.to(at::kCPU) + 1);
}

void TeacherStore::seal() {
  if (files_.size() != 1 || files_.front().sealed()) return;
  if (filled() == outputs())
    files_.front().seal();
  else
    files_.front().flush();
}

}  // namespace limbeck

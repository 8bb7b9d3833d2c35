#include "teacher/teacher_store.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/zeros.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "core/mapped_file.h"
#include "core/safetensors.h"
#include "core/unique_name.h"
#include "nn/dtypes.h"

namespace limbeck {
namespace {

constexpr const char* kFormat = "limbeck teacher outputs 2";
constexpr const char* kFormatKey = "format";
constexpr const char* kClassesKey = "classes";
constexpr std::string_view kFeature = "feature.";  // before the name of a feature, in that of its tensor

std::string tensor_of_feature(const std::string& name) {
  return std::string(kFeature) + name;
}

std::string values_name(const StoreLayout& layout) {
  return layout.members > 0 ? "members" : layout.top > 0 ? "top" : "logits";
}

/// Types and shapes of the file's tensors.
std::map<std::string, RawTensor> tensors_of(const StoreLayout& layout, int64_t examples) {
  const int64_t n = examples, slots = layout.slots;
  std::map<std::string, RawTensor> tensors = {{"ids", {"I64", {n}, {}}}, {"views", {"I64", {n, slots}, {}}}};
  std::vector<int64_t> shape = {n, slots, layout.classes};
  if (layout.members > 0) shape = {n, slots, layout.members, layout.classes};
  if (layout.top > 0) {
    shape = {n, slots, layout.top + 1};
    tensors["classes"] = {"I16", {n, slots, layout.top}, {}};
  }
  tensors[values_name(layout)] = {dtype_name(layout.type), shape, {}};
  for (const auto& [name, extents] : layout.features) {
    shape = {n, slots};
    shape.insert(shape.end(), extents.begin(), extents.end());
    tensors[tensor_of_feature(name)] = {dtype_name(layout.type), shape, {}};
  }
  return tensors;
}

/// Features with their shapes of one example, of which a file has tensors.
std::map<std::string, Shape> features_in(const std::map<std::string, RawTensor>& tensors) {
  std::map<std::string, Shape> features;
  for (const auto& [name, tensor] : tensors) {
    if (!name.starts_with(kFeature)) continue;
    const auto skipped = std::min<ptrdiff_t>(2, std::ssize(tensor.shape));
    features[name.substr(kFeature.size())] = Shape(tensor.shape.begin() + skipped, tensor.shape.end());
  }
  return features;
}

size_t bytes_of(const RawTensor& tensor) {
  size_t bytes = element_size(tensor.dtype);
  for (const int64_t extent : tensor.shape) bytes *= static_cast<size_t>(extent);
  return bytes;
}

/// Slots of examples, or of anything else, are told by one index: [n, S, …] → [n·S, …].
at::Tensor flat(const at::Tensor& table) {
  return table.flatten(0, 1);
}

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
  throw Error(fmt::format(
      "'{}' holds the outputs of {}; remove it to compute them again, or name another file (for several seeds, one "
      "with {{seed}} in its name)",
      file.string(), what));
}

void check_identity(const fs::path& file, const StoreIdentity& found, const StoreIdentity& wanted) {
  for (const auto& [what, value] : wanted)
    if (const auto own = found.find(what); own == found.end() || own->second != value)
      refuse(file, what == "teacher"     ? "another teacher"
                   : what == "precision" ? "the teacher in another precision"
                                         : "the teacher on other " + what);
}

/// Throws Error for a feature that a file does not have.
void check_store_features(const fs::path& file, const std::map<std::string, Shape>& found,
                          const std::map<std::string, Shape>& wanted) {
  for (const auto& [name, shape] : wanted) {
    if (const auto own = found.find(name); own != found.end()) {
      if (own->second != shape) refuse(file, fmt::format("the teacher in another form (its '{}' is different)", name));
      continue;
    }
    std::string others;
    for (const auto& [other, unused] : found) others += fmt::format("{}'{}'", others.empty() ? "" : ", ", other);
    throw Error(ErrorKind::usage,
                fmt::format("'{}' holds {} of the teacher, and the feature '{}' is needed: name another file as "
                            "`store`, which will hold it, or use `outputs: live` without a store",
                            file.string(), others.empty() ? "no features" : "the features " + others, name));
  }
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

}  // namespace

int64_t StoreLayout::example_bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors_of(*this, 1))
    if (name != "ids") bytes += static_cast<int64_t>(bytes_of(tensor));
  return bytes;
}

void check_layout(const StoreLayout& layout) {
  if (layout.top > 0 &&
      (layout.members > 0 || layout.top > layout.classes || layout.classes > std::numeric_limits<int16_t>::max()))
    throw Error(ErrorKind::usage, fmt::format("top: {} logits of {} classes cannot be kept{}", layout.top,
                                              layout.classes, layout.members > 0 ? " of an arithmetic ensemble" : ""));
}

bool is_store(const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find(kFormatKey);
  return found != metadata.end() && found->second == kFormat;
}

struct TeacherStore::File {
  fs::path path;
  MappedFile memory;
  std::map<std::string, RawTensor> tensors;  ///< whose bytes are the file's
  StoreIdentity metadata;
  std::unique_ptr<FileLock>
      lock;  ///< of one that is not full: two that fill it would each trust what the other half wrote
};

/// The ids where they are compared and written; a store of none makes no sense.
at::Tensor stored_ids(const at::Tensor& ids) {
  if (ids.size(0) == 0) throw Error("a store of no examples");
  return ids.to(at::kCPU).contiguous();
}

TeacherStore::TeacherStore(const StoreLayout& layout, const at::Tensor& ids)
    : layout_(layout), ids_(stored_ids(ids)), rows_(ids_) {
  check_layout(layout);
  for (const auto& [name, shape] : layout.features) taps_.push_back(name);
}

at::Tensor& TeacherStore::table(const std::string& name) {
  if (name.starts_with(kFeature)) return features_[name.substr(kFeature.size())];
  return name == "ids" ? ids_ : name == "views" ? views_ : name == "classes" ? classes_ : values_;
}

TeacherStore TeacherStore::in_memory(const StoreLayout& layout, const at::Tensor& ids) {
  TeacherStore store(layout, ids);
  for (const auto& [name, description] : tensors_of(layout, store.examples())) {
    if (name != "ids") store.table(name) = at::zeros(description.shape, scalar_type_of(description.dtype).value());
  }
  return store;
}

TeacherStore TeacherStore::create(const fs::path& path, const StoreLayout& layout, const at::Tensor& ids,
                                  const StoreIdentity& identity) {
  {
    const TeacherStore described(layout, ids);
    StoreIdentity metadata = identity;
    metadata[kFormatKey] = kFormat;
    metadata[kClassesKey] = std::to_string(layout.classes);
    const auto tensors = tensors_of(layout, described.examples());
    const std::string header = safetensors_header(tensors, metadata, kUnfinished);
    size_t bytes = header.size();
    for (const auto& [name, tensor] : tensors) bytes += bytes_of(tensor);
    const fs::path beside = unique_part(path);
    MappedFile memory = MappedFile::create(beside, bytes);
    std::memcpy(memory.data(), header.data(), header.size());
    std::byte* at = memory.data() + header.size();
    for (const auto& [name, tensor] : tensors) {
      if (name == "ids") std::memcpy(at, described.ids_.data_ptr(), described.ids_.nbytes());
      at += bytes_of(tensor);
    }
    const bool first =
        ::link(beside.c_str(), path.c_str()) == 0;  // unlike a rename, never in place of another process's
    const int reason = errno;
    fs::remove(beside);
    if (!first && reason != EEXIST)
      throw Error(fmt::format("cannot write '{}': {}", path.string(), std::strerror(reason)));
  }
  return open(path, layout, ids, identity);
}

TeacherStore TeacherStore::open(const fs::path& path, const StoreLayout& layout, const at::Tensor& ids,
                                const StoreIdentity& identity) {
  TeacherStore store(layout, ids);
  const bool writable = ::access(path.c_str(), W_OK) == 0;
  store.file_ = std::make_shared<File>(
      File{path,
           MappedFile::open(path, writable ? MappedFile::Access::write : MappedFile::Access::read),
           {},
           {},
           writable ? std::make_unique<FileLock>(path) : nullptr});
  File& file = *store.file_;
  SafetensorsView view = parse_safetensors(path, file.memory.bytes());
  const auto checksum = view.metadata.find(kChecksumKey);
  if (checksum == view.metadata.end() || checksum->second != kUnfinished)
    file.lock.reset();
  else if (!writable)
    throw Error(fmt::format("'{}' is not full yet and may not be written", path.string()));
  else if (!file.lock->acquired())
    throw Error(
        fmt::format("'{}' is being filled by another process; wait for it, or fill it first with `limbeck store build`",
                    path.string()));
  if (!is_store(view.metadata))
    throw Error(fmt::format(
        "'{}' holds no teacher outputs of this program; outputs from elsewhere are read by the teacher 'stored'",
        path.string()));
  check_identity(path, view.metadata, identity);
  store.layout_.features = features_in(view.tensors);
  check_store_features(path, store.layout_.features, layout.features);
  const auto wanted_tensors = tensors_of(store.layout_, store.examples());
  for (const auto& [name, wanted] : wanted_tensors)
    if (const auto found = view.tensors.find(name);
        found == view.tensors.end() || found->second.dtype != wanted.dtype || found->second.shape != wanted.shape)
      refuse(path, "the teacher in another form (its '" + name + "' is different)");
  if (view.tensors.size() != wanted_tensors.size())
    refuse(path, "the teacher in another form (it has further tensors)");
  if (std::memcmp(view.tensors.at("ids").bytes.data(), store.ids_.data_ptr(), store.ids_.nbytes()) != 0)
    refuse(path, "the teacher on other examples");
  file.tensors = std::move(view.tensors);
  file.metadata = std::move(view.metadata);
  for (const auto& [name, raw] : file.tensors) {
    auto* bytes = reinterpret_cast<char*>(file.memory.data()) + (raw.bytes.data() - file.memory.bytes().data());
    if (name != "ids")
      store.table(name) = at::from_blob(
          bytes, raw.shape, [kept = store.file_](void*) {}, scalar_type_of(raw.dtype).value());
  }
  return store;
}

int64_t TeacherStore::filled() const {
  return views_.gt(0).sum().item<int64_t>();
}

at::Tensor TeacherStore::classes_at(const at::Tensor& places) const {
  const at::Tensor classes = flat(classes_).index_select(0, places).to(at::kLong);
  if ((classes.lt(0) | classes.ge(layout_.classes)).any().item<bool>())
    throw Error(
        fmt::format("'{}' is damaged: it names classes that there are not; remove it to compute the outputs again",
                    file_ == nullptr ? "" : file_->path.string()));
  return classes;
}

TeacherOutputs TeacherStore::read(const at::Tensor& rows, const at::Tensor& slots) const {
  const at::Tensor at = rows * layout_.slots + slots;
  const auto of_places = [&](const at::Tensor& table) { return flat(table).index_select(0, at).to(at::kFloat); };
  const at::Tensor values = of_places(values_);
  TeacherOutputs outputs{.logits = values};
  if (layout_.members > 0) {
    outputs.logits = log_mean_distribution(values, 1);
    outputs.members = values;
  } else if (layout_.top > 0) {
    outputs.logits = logits_of({values, classes_at(at)}, layout_.classes);
  }
  for (const std::string& name : taps_) outputs.features[name] = of_places(features_.at(name));
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
    const Top top = of_classes(outputs.logits.to(at::kCPU).to(at::kFloat), classes_at(rows * layout_.slots + slots));
    stored.logits = logits_of({rounded(top.values), top.classes}, layout_.classes);
  }
  for (const std::string& name : taps_) stored.features[name] = rounded(feature_of(outputs, name));
  return stored;
}

void TeacherStore::write(const at::Tensor& rows, const at::Tensor& slots, const at::Tensor& views,
                         const TeacherOutputs& outputs) {
  const at::Tensor at = rows * layout_.slots + slots;
  const auto on_host = [](const at::Tensor& values) { return values.to(at::kCPU).to(at::kFloat); };
  at::Tensor values = on_host(layout_.members > 0 ? outputs.members : outputs.logits);
  if (layout_.top > 0) {
    const Top top = top_of(values, layout_.top);
    flat(classes_).index_copy_(0, at, top.classes.to(at::kShort));
    values = top.values;
  }
  flat(values_).index_copy_(0, at, rounded_to(layout_.type, values, "logits are"));
  for (const auto& [name, table] : features_)
    flat(table).index_copy_(0, at,
                            rounded_to(layout_.type, on_host(feature_of(outputs, name)),
                                       fmt::format("numbers of the feature '{}' are", name)));
  // Who is stopped between the two has written nothing: what the table says is there is there.
  std::atomic_thread_fence(std::memory_order_release);
  flat(views_).index_copy_(0, at, views.to(at::kCPU) + 1);
}

void TeacherStore::seal() {
  if (file_ == nullptr || file_->metadata[kChecksumKey] != kUnfinished) return;
  file_->memory.flush();
  if (filled() < outputs()) return;
  StoreIdentity metadata = file_->metadata;
  metadata.erase(kChecksumKey);
  const std::string checksum = safetensors_checksum(file_->tensors, metadata);
  const std::string header = safetensors_header(file_->tensors, metadata, checksum);
  std::memcpy(file_->memory.data(), header.data(), header.size());
  file_->memory.flush();
  file_->metadata[kChecksumKey] = checksum;
  file_->lock.reset();
}

StoreInfo read_store_info(const fs::path& path) {
  const MappedFile memory = MappedFile::open(path);
  const SafetensorsView view = parse_safetensors(path, memory.bytes());
  if (!is_store(view.metadata))
    throw Error(fmt::format("'{}' holds no teacher outputs of this program", path.string()));
  StoreInfo info;
  info.bytes = memory.size();
  info.identity = view.metadata;
  const auto checksum = view.metadata.find(kChecksumKey);
  info.sealed = checksum == view.metadata.end() || checksum->second != kUnfinished;
  const auto shape_of = [&](const char* name) {
    const auto found = view.tensors.find(name);
    return found == view.tensors.end() ? std::vector<int64_t>{} : found->second.shape;
  };
  const std::vector<int64_t> views = shape_of("views"), members = shape_of("members"), top = shape_of("classes");
  if (views.size() == 2) {
    info.examples = views[0];
    info.layout.slots = views[1];
  }
  if (top.size() == 3) info.layout.top = top[2];
  if (members.size() == 4) info.layout.members = members[2];
  const auto classes = view.metadata.find(kClassesKey);
  if (classes != view.metadata.end())
    std::from_chars(classes->second.data(), classes->second.data() + classes->second.size(), info.layout.classes);
  const auto values = view.tensors.find(values_name(info.layout));
  if (values != view.tensors.end() && values->second.dtype == "F16") info.layout.type = at::kHalf;
  info.layout.features = features_in(view.tensors);
  for (const auto& [name, wanted] : tensors_of(info.layout, info.examples))
    if (const auto found = view.tensors.find(name);
        found == view.tensors.end() || found->second.dtype != wanted.dtype || found->second.shape != wanted.shape)
      throw Error(fmt::format("'{}' does not hold the tensors of a store: '{}' is not there or does not fit",
                              path.string(), name));
  const RawTensor& numbers = view.tensors.at("views");
  info.filled =
      at::from_blob(const_cast<char*>(numbers.bytes.data()), numbers.shape, at::kLong).gt(0).sum().item<int64_t>();
  return info;
}

void check_store_file(const fs::path& path, const StoreLayout& layout, const StoreIdentity& identity) {
  const StoreInfo info = read_store_info(path);
  check_identity(path, info.identity, identity);
  if (info.layout.slots != layout.slots || info.layout.classes != layout.classes || info.layout.top != layout.top ||
      info.layout.type != layout.type)
    refuse(path, "the teacher in another form");
  check_store_features(path, info.layout.features, layout.features);
}

}  // namespace limbeck

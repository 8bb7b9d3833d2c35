#include "teacher/store_file.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "core/mapped_file.h"
#include "core/unique_name.h"
#include "nn/dtypes.h"

namespace limbeck {
namespace {

constexpr const char* kFormat = "limbeck teacher outputs 2";
constexpr const char* kFormatKey = "format";
constexpr const char* kClassesKey = "classes";
constexpr std::string_view kFeature = "feature.";  // before the name of a feature, in that of its tensor

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

bool is_sealed(const StoreIdentity& metadata) {
  const auto checksum = metadata.find(kChecksumKey);
  return checksum == metadata.end() || checksum->second != kUnfinished;
}

void require_store(const fs::path& path, const StoreIdentity& metadata) {
  if (!is_store(metadata))
    throw Error(fmt::format(
        "'{}' holds no teacher outputs of this program; outputs from elsewhere are read by the teacher 'stored'",
        path.string()));
}

void check_identity(const fs::path& file, const StoreIdentity& found, const StoreIdentity& wanted) {
  for (const auto& [what, value] : wanted)
    if (const auto own = found.find(what); own == found.end() || own->second != value)
      refuse_store(file, what == "teacher"     ? "another teacher"
                         : what == "precision" ? "the teacher in another precision"
                                               : "the teacher on other " + what);
}

/// Throws Error for a feature that a file does not have.
void check_store_features(const fs::path& file, const std::map<std::string, Shape>& found,
                          const std::map<std::string, Shape>& wanted) {
  for (const auto& [name, shape] : wanted) {
    if (const auto own = found.find(name); own != found.end()) {
      if (own->second != shape)
        refuse_store(file, fmt::format("the teacher in another form (its '{}' is different)", name));
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

/// Throws Error unless a file has just these tensors.
void check_tensors(const fs::path& path, const std::map<std::string, RawTensor>& found,
                   const std::map<std::string, RawTensor>& wanted) {
  for (const auto& [name, tensor] : wanted)
    if (const auto own = found.find(name);
        own == found.end() || own->second.dtype != tensor.dtype || own->second.shape != tensor.shape)
      refuse_store(path, "the teacher in another form (its '" + name + "' is different)");
  if (found.size() != wanted.size()) refuse_store(path, "the teacher in another form (it has further tensors)");
}

/// What a file says of itself. Throws Error if its tensors are not those of a store.
StoreInfo info_of(const fs::path& path, const SafetensorsView& view, uintmax_t bytes) {
  require_store(path, view.metadata);
  StoreInfo info;
  info.bytes = bytes;
  info.identity = view.metadata;
  info.sealed = is_sealed(view.metadata);
  const auto shape_of = [&](const std::string& name) {
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
  if (classes != view.metadata.end()) {
    std::from_chars(classes->second.data(), classes->second.data() + classes->second.size(), info.layout.classes);
  } else if (const std::vector<int64_t> values = shape_of(values_name(info.layout)); !values.empty()) {
    if (info.layout.top > 0)
      throw Error(fmt::format("'{}' has the largest logits only, and its metadata lack the number of 'classes'",
                              path.string()));
    info.layout.classes = values.back();
  }
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

}  // namespace

std::string tensor_of_feature(const std::string& name) {
  return std::string(kFeature) + name;
}

std::string values_name(const StoreLayout& layout) {
  return layout.members > 0 ? "members" : layout.top > 0 ? "top" : "logits";
}

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

void refuse_store(const fs::path& file, const std::string& what) {
  throw Error(fmt::format(
      "'{}' holds the outputs of {}; remove it to compute them again, or name another file (for several seeds, one "
      "with {{seed}} in its name)",
      file.string(), what));
}

struct StoreFile::Content {
  fs::path path;
  MappedFile memory;
  std::unique_ptr<FileLock> lock;  ///< of a file that is being filled: two processes would each trust what the other
                                   ///< has written in part
  SafetensorsView view;            ///< the tensors' bytes are the file's
  StoreLayout layout;
};

StoreFile StoreFile::create(const fs::path& path, const StoreLayout& layout, const at::Tensor& ids,
                            const StoreIdentity& identity) {
  StoreIdentity metadata = identity;
  metadata[kFormatKey] = kFormat;
  metadata[kClassesKey] = std::to_string(layout.classes);
  const auto tensors = tensors_of(layout, ids.size(0));
  const std::string header = safetensors_header(tensors, metadata, kUnfinished);
  size_t bytes = header.size();
  for (const auto& [name, tensor] : tensors) bytes += bytes_of(tensor);
  const fs::path beside = unique_part(path);
  {
    MappedFile memory = MappedFile::create(beside, bytes);
    std::memcpy(memory.data(), header.data(), header.size());
    std::byte* at = memory.data() + header.size();
    for (const auto& [name, tensor] : tensors) {
      if (name == "ids") std::memcpy(at, ids.data_ptr(), ids.nbytes());
      at += bytes_of(tensor);
    }
  }
  const bool first = ::link(beside.c_str(), path.c_str()) == 0;  // unlike a rename, never in place of another process's
  const int reason = errno;
  fs::remove(beside);
  if (!first && reason != EEXIST)
    throw Error(fmt::format("cannot write '{}': {}", path.string(), std::strerror(reason)));
  return open(path);
}

StoreFile StoreFile::open(const fs::path& path, const std::string& checksum) {
  const bool writable = ::access(path.c_str(), W_OK) == 0;
  const auto content = std::make_shared<Content>(
      Content{path,
              MappedFile::open(path, writable ? MappedFile::Access::write : MappedFile::Access::read),
              writable ? std::make_unique<FileLock>(path) : nullptr,
              {},
              {}});
  content->view = parse_safetensors(path, content->memory.bytes());
  if (is_sealed(content->view.metadata))
    content->lock.reset();
  else if (!writable)
    throw Error(fmt::format("'{}' is not full yet and may not be written", path.string()));
  else if (!content->lock->acquired() && content->lock->is_supported())
    throw Error(
        fmt::format("'{}' is being filled by another process; wait for it, or fill it first with `limbeck store build`",
                    path.string()));
  const StoreInfo info = info_of(path, content->view, content->memory.size());
  content->layout = info.layout;
  StoreFile file(content);
  if (!checksum.empty() && file.checksum() != checksum)
    throw Error(fmt::format("'{}' is damaged, or was replaced: its checksum is {}; the index of the store has {}",
                            path.string(), file.checksum(), checksum));
  return file;
}

void StoreFile::require(const StoreLayout& layout, const StoreIdentity& identity, const at::Tensor& ids) const {
  const auto& [metadata, tensors] = std::tie(content_->view.metadata, content_->view.tensors);
  check_identity(path(), metadata, identity);
  check_store_features(path(), content_->layout.features, layout.features);
  StoreLayout wanted = layout;
  wanted.features = content_->layout.features;
  const at::Tensor own = table("ids");
  check_tensors(path(), tensors, tensors_of(wanted, ids.defined() ? ids.size(0) : own.size(0)));
  if (ids.defined() && std::memcmp(own.data_ptr(), ids.data_ptr(), ids.nbytes()) != 0)
    refuse_store(path(), "the teacher on other examples");
}

const fs::path& StoreFile::path() const {
  return content_->path;
}

const StoreLayout& StoreFile::layout() const {
  return content_->layout;
}

const StoreIdentity& StoreFile::identity() const {
  return content_->view.metadata;
}

bool StoreFile::sealed() const {
  return is_sealed(identity());
}

at::Tensor StoreFile::table(const std::string& name) const {
  const RawTensor& raw = content_->view.tensors.at(name);
  auto* bytes = reinterpret_cast<char*>(content_->memory.data()) + (raw.bytes.data() - content_->memory.bytes().data());
  return at::from_blob(
      bytes, raw.shape, [kept = content_](void*) {}, scalar_type_of(raw.dtype).value());
}

void StoreFile::flush() {
  content_->memory.flush();
}

void StoreFile::seal() {
  flush();
  if (sealed()) return;
  StoreIdentity& metadata = content_->view.metadata;
  metadata.erase(kChecksumKey);
  const std::string checksum = safetensors_checksum(content_->view.tensors, metadata);
  const std::string header = safetensors_header(content_->view.tensors, metadata, checksum);
  std::memcpy(content_->memory.data(), header.data(), header.size());
  flush();
  metadata[kChecksumKey] = checksum;
  content_->lock.reset();
}

std::string StoreFile::checksum() const {
  const auto found = identity().find(kChecksumKey);
  return found != identity().end() ? found->second : safetensors_checksum(content_->view.tensors, identity());
}

StoreInfo read_file_info(const fs::path& path) {
  const MappedFile memory = MappedFile::open(path);
  return info_of(path, parse_safetensors(path, memory.bytes(), Verify::no), memory.size());
}

void check_info(const fs::path& path, const StoreInfo& info, const StoreLayout& layout, const StoreIdentity& identity) {
  check_identity(path, info.identity, identity);
  if (info.layout.slots != layout.slots || info.layout.classes != layout.classes || info.layout.top != layout.top ||
      info.layout.type != layout.type)
    refuse_store(path, "the teacher in another form");
  check_store_features(path, info.layout.features, layout.features);
}

}  // namespace limbeck

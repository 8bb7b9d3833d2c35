#include "data/images/image_store.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <unistd.h>

#include <cstring>
#include <optional>

#include "core/error.h"
#include "core/hash.h"
#include "core/mapped_file.h"
#include "core/safetensors.h"
#include "core/unique_name.h"

namespace limbeck {
namespace {

constexpr const char* kFingerprintKey = "limbeck.images";
constexpr int64_t kFormat = 1;  ///< part of the fingerprint: to be raised when decoding changes

std::vector<int64_t> shape_of(const ImageOptions& options, size_t count) {
  return {static_cast<int64_t>(count), options.channels, options.size.height, options.size.width};
}

void check(const ImageRequest& request, const std::vector<UnreadableImage>& unreadable) {
  const bool all = unreadable.size() == request.files.size();
  if (all) throw Error(describe(unreadable, request.files.size()));
  if (!unreadable.empty() && request.unreadable == UnreadableImages::fail)
    throw Error(describe(unreadable, request.files.size()) + "\n`corrupt: skip` leaves them out");
}

/// Closes the gaps that unreadable pictures left. Returns how many pictures there are.
size_t close_gaps(uint8_t* pixels, const ImageRequest& request, const std::vector<UnreadableImage>& unreadable) {
  const size_t bytes = request.options.bytes(), count = request.files.size();
  for (size_t gap = 0; gap < unreadable.size(); ++gap) {
    const size_t begin = unreadable[gap].place + 1,
                 end = gap + 1 < unreadable.size() ? unreadable[gap + 1].place : count;
    std::memmove(pixels + (begin - gap - 1) * bytes, pixels + begin * bytes, (end - begin) * bytes);
  }
  return count - unreadable.size();
}

std::string fingerprint_of(const ImageRequest& request, const std::string& of_files) {
  const ImageOptions& options = request.options;
  const std::vector<int64_t> numbers = {kFormat,
                                        options.size.height,
                                        options.size.width,
                                        static_cast<int64_t>(options.resize),
                                        options.channels,
                                        static_cast<int64_t>(options.jpeg)};
  return Hasher().add(of_files).add(numbers.data(), numbers.size() * sizeof(int64_t)).fingerprint();
}

/// The header and the layout of a store of `count` pictures from `files` files.
struct StoreLayout {
  std::map<std::string, RawTensor> tensors;
  std::map<std::string, std::string> metadata;

  StoreLayout(const ImageOptions& options, size_t count, size_t files, const std::string& fingerprint)
      : tensors{{"pictures", {.dtype = "U8", .shape = shape_of(options, count)}},
                {"present", {.dtype = "U8", .shape = {static_cast<int64_t>(files)}}}},
        metadata{{kFingerprintKey, fingerprint}} {}

  std::string header(const std::string& checksum, size_t at_least) const {
    return safetensors_header(tensors, metadata, checksum, at_least);
  }
};

/// A tensor over the pictures in a mapped file, which stays mapped as long as the tensor lives.
at::Tensor tensor_over(std::shared_ptr<MappedFile> file, std::string_view bytes, const std::vector<int64_t>& shape) {
  return at::from_blob(
      const_cast<char*>(bytes.data()), shape, [file](void*) mutable { file.reset(); }, at::kByte);
}

/// The pictures of a store; nothing where it does not exist, or holds other ones.
std::optional<DecodedImages> find_in_store(const fs::path& store, const ImageRequest& request,
                                           const std::string& fingerprint) {
  std::error_code ignored;
  if (!fs::exists(store, ignored)) return std::nullopt;
  auto file = std::make_shared<MappedFile>(MappedFile::open(store));
  const SafetensorsView view = parse_safetensors(store, file->bytes());
  const auto written = view.metadata.find(kFingerprintKey);
  if (written == view.metadata.end())
    throw Error(fmt::format("'{}' exists, but is no store of pictures; choose another name", store.string()));
  if (written->second != fingerprint) return std::nullopt;
  const auto pictures = view.tensors.find("pictures"), present = view.tensors.find("present");
  if (!view.metadata.contains(kChecksumKey) || pictures == view.tensors.end() || present == view.tensors.end() ||
      present->second.bytes.size() != request.files.size())
    throw Error(fmt::format("'{}' is no valid store of pictures; remove it", store.string()));
  DecodedImages decoded{.reused = true};
  for (size_t i = 0; i < request.files.size(); ++i)
    if (present->second.bytes[i] == 0)
      decoded.unreadable.push_back(
          {i, fmt::format("'{}' could not be read when '{}' was made", request.files[i].string(), store.string())});
  if (pictures->second.shape != shape_of(request.options, request.files.size() - decoded.unreadable.size()))
    throw Error(fmt::format("'{}' is no valid store of pictures; remove it", store.string()));
  check(request, decoded.unreadable);
  decoded.pixels = tensor_over(file, pictures->second.bytes, pictures->second.shape);
  return decoded;
}

/// Fills `part`, to be renamed, and returns what could not be read.
std::vector<UnreadableImage> write_store(const fs::path& part, const ImageRequest& request,
                                         const std::string& fingerprint) {
  const size_t files = request.files.size(), bytes = request.options.bytes();
  const size_t header_size = StoreLayout(request.options, files, files, fingerprint).header(kUnfinished, 0).size();
  std::vector<UnreadableImage> unreadable;
  size_t size = header_size + files * bytes + files;
  {
    MappedFile file = MappedFile::create(part, size);
    char* content = reinterpret_cast<char*>(file.data());
    auto* pixels = reinterpret_cast<uint8_t*>(content + header_size);
    unreadable = read_images(request.files, request.options, pixels, request.progress, request.stop);
    check(request, unreadable);
    const size_t count = close_gaps(pixels, request, unreadable);
    uint8_t* present = pixels + count * bytes;
    std::memset(present, 1, files);
    for (const UnreadableImage& image : unreadable) present[image.place] = 0;

    StoreLayout layout(request.options, count, files, fingerprint);
    layout.tensors["pictures"].bytes = {content + header_size, count * bytes};
    layout.tensors["present"].bytes = {content + header_size + count * bytes, files};
    const std::string header = layout.header(safetensors_checksum(layout.tensors, layout.metadata), header_size);
    std::memcpy(content, header.data(), header_size);
    file.flush();
    size = header_size + count * bytes + files;
  }
  fs::resize_file(part, size);
  return unreadable;
}

}  // namespace

DecodedImages decode_images(const ImageRequest& request) {
  const double bytes = static_cast<double>(request.files.size()) * static_cast<double>(request.options.bytes());
  const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (bytes > memory)
    throw Error(
        fmt::format("{} pictures of {} x {} x {} bytes need {:.1f} GB, the machine has {:.1f}; "
                    "`data.source.images.store: FILE` in a recipe "
                    "keeps them in a file",
                    request.files.size(), request.options.channels, request.options.size.height,
                    request.options.size.width, bytes / 1e9, memory / 1e9));
  DecodedImages decoded;
  const at::Tensor all = at::empty(shape_of(request.options, request.files.size()), at::kByte);
  auto* pixels = all.data_ptr<uint8_t>();
  decoded.unreadable = read_images(request.files, request.options, pixels, request.progress, request.stop);
  check(request, decoded.unreadable);
  decoded.pixels = all.narrow(0, 0, static_cast<int64_t>(close_gaps(pixels, request, decoded.unreadable)));
  return decoded;
}

DecodedImages decode_images(const ImageRequest& request, const fs::path& store, const std::string& of_files) {
  const std::string fingerprint = fingerprint_of(request, of_files);
  if (auto found = find_in_store(store, request, fingerprint)) return std::move(*found);
  if (store.has_parent_path()) make_writable_folder(store.parent_path());
  const fs::path part = unique_part(store);
  std::vector<UnreadableImage> unreadable;
  try {
    unreadable = write_store(part, request, fingerprint);
    fs::rename(part, store);
  } catch (...) {
    ::unlink(part.c_str());
    throw;
  }
  auto made = find_in_store(store, request, fingerprint);
  if (!made) throw Error(fmt::format("'{}' was changed by another program while it was made", store.string()));
  made->unreadable = std::move(unreadable);  // with the reasons
  made->reused = false;
  return std::move(*made);
}

}  // namespace limbeck

#include "data/published/cifar_files.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <cstring>

#include "core/error.h"
#include "core/mapped_file.h"
#include "data/published/published_files.h"

namespace limbeck {
namespace {

constexpr int64_t kSide = 32;  // pixels
constexpr int64_t kPixelBytes = 3 * kSide * kSide;

void check_length(const fs::path& file, int64_t size, int64_t expected, int64_t records) {
  if (size < expected)
    throw Error(fmt::format("'{}' is truncated: it ends at offset {}, its {} records take {} bytes", file.string(),
                            size, records, expected));
  if (size > expected)
    throw Error(fmt::format("'{}' is too long: its {} records take {} bytes, {} more follow at offset {}",
                            file.string(), records, expected, size - expected, expected));
}

void check_labels(const fs::path& file, const uint8_t* labels, const CifarFormat& format, int64_t offset) {
  for (size_t i = 0; i < format.classes.size(); ++i)
    if (labels[i] >= format.classes[i])
      throw Error(fmt::format("'{}' holds the label {} at offset {}; expected 0 to {}", file.string(), labels[i],
                              offset + static_cast<int64_t>(i), format.classes[i] - 1));
}

/// Copies the records of a file to pixels [records, 3, 32, 32] and labels [records].
void read_records(const fs::path& file, const CifarFormat& format, int64_t records, uint8_t* pixels, int64_t* labels) {
  const MappedFile mapped = MappedFile::open(file);
  const int64_t stride = format.record_bytes(), label_bytes = stride - kPixelBytes;
  check_length(file, static_cast<int64_t>(mapped.size()), records * stride, records);
  const auto* bytes = reinterpret_cast<const uint8_t*>(mapped.data());
  for (int64_t i = 0; i < records; ++i) {
    const uint8_t* record = bytes + i * stride;
    check_labels(file, record, format, i * stride);
    labels[i] = record[format.shown];
    std::memcpy(pixels + i * kPixelBytes, record + label_bytes, kPixelBytes);
  }
}

std::optional<fs::path> find_file(const std::string& folder, const DataFolders& folders, const std::string& name) {
  return folders.find({folder + "/" + name, name});
}

fs::path require_file(const std::string& folder, const DataFolders& folders, const std::string& name) {
  const auto found = find_file(folder, folders, name);
  if (!found) throw Error(fmt::format("no file '{}/{}' in the data folders", folder, name));
  return *found;
}

}  // namespace

Split read_cifar(const std::vector<fs::path>& files, const CifarFormat& format, int64_t records) {
  const int64_t count = static_cast<int64_t>(files.size()) * records;
  Split split{.inputs = at::empty({count, 3, kSide, kSide}, at::kByte), .labels = at::empty({count}, at::kLong)};
  auto* pixels = split.inputs.data_ptr<uint8_t>();
  auto* labels = split.labels.data_ptr<int64_t>();
  for (const fs::path& file : files) {
    read_records(file, format, records, pixels, labels);
    pixels += records * kPixelBytes;
    labels += records;
  }
  return split;
}

std::vector<std::string> read_label_names(const fs::path& file, int64_t count) {
  const std::string content = read_file(file);
  std::vector<std::string> names;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    std::string name = content.substr(begin, end - begin);
    if (name.ends_with('\r')) name.pop_back();
    names.push_back(std::move(name));
    begin = end + 1;
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  if (static_cast<int64_t>(names.size()) != count)
    throw Error(fmt::format("'{}' holds {} names of labels; expected {}", file.string(), names.size(), count));
  return names;
}

std::vector<int64_t> superclasses_of(const fs::path& file, const CifarFormat& format, int64_t records) {
  if (format.shown == 0) return {};
  const MappedFile mapped = MappedFile::open(file);
  std::vector<int64_t> superclasses(static_cast<size_t>(format.classes[format.shown]));
  const auto* bytes = reinterpret_cast<const uint8_t*>(mapped.data());
  for (int64_t i = 0; i < records; ++i) {
    const uint8_t* record = bytes + i * format.record_bytes();
    superclasses[record[format.shown]] = record[format.shown - 1];
  }
  return superclasses;
}

std::unique_ptr<Dataset> load_cifar(const CifarSet& set, const std::string& folder, const DataFolders& folders) {
  // Where some files are there, a missing one is a mistake of the user's; where none is, they are fetched.
  if (!find_file(folder, folders, set.train.front())) fetch(published_data(set.name), folders, [](const Event&) {});
  const auto split = [&](const std::vector<std::string>& names, int64_t records) {
    std::vector<fs::path> files;
    for (const std::string& name : names) files.push_back(require_file(folder, folders, name));
    return read_cifar(files, set.format, records);
  };
  auto dataset = std::make_unique<Dataset>();
  dataset->name = set.name;
  dataset->classes =
      read_label_names(require_file(folder, folders, set.label_names), set.format.classes[set.format.shown]);
  dataset->train = split(set.train, set.train_records);
  dataset->test = split(set.test, set.test_records);
  dataset->superclasses =
      superclasses_of(require_file(folder, folders, set.train.front()), set.format, set.train_records);
  return dataset;
}

}  // namespace limbeck

// MNIST (Y. LeCun, C. Cortes, C. J. C. Burges), in its published IDX files, gzipped or unpacked. Files of the same form
// with other pictures, such as those that `limbeck data synthesize` writes, are read likewise.

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>

#include "core/error.h"
#include "data/published/idx.h"
#include "data/published/published_files.h"
#include "data/source_size.h"
#include "limbeck/catalogue.h"
#include "limbeck/dataset.h"

namespace limbeck {
namespace {

constexpr int64_t kClasses = 10;

struct MnistOptions : SizedSource {
  std::string folder = "mnist";
  std::optional<SourceSize> size(const DataFolders& folders) const override;
  void bind(Fields& fields) {
    fields.text("folder", folder,
                "folder below the data folder; files that lie in the data folder itself are found too");
  }
};

std::optional<fs::path> find_file(const MnistOptions& options, const DataFolders& folders, const std::string& name) {
  const std::string below = options.folder + "/" + name;
  return folders.find({below + ".gz", below, name + ".gz", name});
}

fs::path require_file(const MnistOptions& options, const DataFolders& folders, const std::string& name) {
  const auto found = find_file(options, folders, name);
  if (!found) throw Error(fmt::format("no file '{}/{}.gz' in the data folders", options.folder, name));
  return *found;
}

Split read_split(const MnistOptions& options, const DataFolders& folders, const std::string& prefix) {
  const fs::path images_file = require_file(options, folders, prefix + "-images-idx3-ubyte");
  const fs::path labels_file = require_file(options, folders, prefix + "-labels-idx1-ubyte");
  const IdxArray images = read_idx(images_file, 3), labels = read_idx(labels_file, 1);
  if (images.shape[0] != labels.shape[0])
    throw Error(fmt::format("'{}' holds {} images, but '{}' holds {} labels", images_file.string(), images.shape[0],
                            labels_file.string(), labels.shape[0]));
  for (size_t i = 0; i < labels.bytes.size(); ++i)
    if (const auto label = static_cast<unsigned char>(labels.bytes[i]); label >= kClasses)
      throw Error(fmt::format("'{}' holds the label {} at offset {}; expected 0 to {}", labels_file.string(), label,
                              8 + i, kClasses - 1));
  const auto bytes = [](const IdxArray& array, std::vector<int64_t> shape) {
    return at::from_blob(const_cast<char*>(array.bytes.data()), shape, at::kByte).clone();
  };
  return {.inputs = bytes(images, {images.shape[0], 1, images.shape[1], images.shape[2]}),
          .labels = bytes(labels, labels.shape).to(at::kLong)};
}

std::optional<SourceSize> MnistOptions::size(const DataFolders& folders) const {
  constexpr int64_t kPublished = 60000;
  const auto file = find_file(*this, folders, "train-labels-idx1-ubyte");
  if (!file) return SourceSize{kPublished, kClasses};  // what will be fetched
  const std::vector<int64_t> shape = idx_shape(*file);
  return shape.empty() ? std::nullopt : std::optional(SourceSize{shape.front(), kClasses});
}

std::unique_ptr<Dataset> load_mnist(const MnistOptions& options, const DataFolders& folders) {
  // Where some files are there, a missing one is a mistake of the user's; where none is, they are fetched.
  if (!find_file(options, folders, "train-images-idx3-ubyte"))
    fetch(published_data("mnist"), folders, [](const Event&) {});
  auto dataset = std::make_unique<Dataset>();
  dataset->name = "mnist";
  for (int64_t label = 0; label < kClasses; ++label) dataset->classes.push_back(std::to_string(label));
  dataset->train = read_split(options, folders, "train");
  dataset->test = read_split(options, folders, "t10k");
  if (dataset->train.inputs.sizes().slice(1) != dataset->test.inputs.sizes().slice(1))
    throw Error(fmt::format("MNIST's training images have {}x{} pixels, its test images {}x{}",
                            dataset->train.inputs.size(2), dataset->train.inputs.size(3), dataset->test.inputs.size(2),
                            dataset->test.inputs.size(3)));
  return dataset;
}

}  // namespace

void register_mnist(Catalogue& catalogue) {
  catalogue.add<Dataset, MnistOptions, const DataFolders&>(
      Slot::data,
      {.name = "mnist",
       .summary = "MNIST: 60,000 and 10,000 handwritten digits, 28x28, from the published gzipped IDX files.",
       .source = "Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, 1998",
       .principal = "folder"},
      load_mnist);
}

}  // namespace limbeck

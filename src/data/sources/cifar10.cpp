// CIFAR-10 (A. Krizhevsky), in its published binary files: see cifar_files.h.
#include "data/published/cifar_files.h"
#include "data/source_size.h"
#include "limbeck/catalogue.h"

namespace limbeck {
namespace {

struct Cifar10Options : SizedSource {
  std::string folder = "cifar-10-batches-bin";
  std::optional<SourceSize> size(const DataFolders&) const override { return SourceSize{50000, 10}; }
  void bind(Fields& fields) {
    fields.text("folder", folder,
                "folder below the data folder; files that lie in the data folder itself are found too");
  }
};

std::unique_ptr<Dataset> load_cifar10(const Cifar10Options& options, const DataFolders& folders) {
  const CifarSet set{
      .name = "cifar10",
      .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
      .test = {"test_batch.bin"},
      .label_names = "batches.meta.txt",
      .train_records = 10000,
      .test_records = 10000,
      .format = {.classes = {10}}};
  auto dataset = load_cifar(set, options.folder, folders);
  dataset->mean = {0.4914, 0.4822, 0.4465};
  dataset->deviation = {0.2470, 0.2435, 0.2616};
  return dataset;
}

}  // namespace

void register_cifar10(Catalogue& catalogue) {
  catalogue.add<Dataset, Cifar10Options, const DataFolders&>(
      Slot::data,
      {.name = "cifar10",
       .summary =
           "CIFAR-10: 50,000 and 10,000 colour pictures of 10 kinds of things, 32x32, from the published binary files.",
       .source = "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
       .principal = "folder"},
      load_cifar10);
}

}  // namespace limbeck

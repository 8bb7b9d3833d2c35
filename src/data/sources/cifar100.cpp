// CIFAR-100 (A. Krizhevsky), in its published binary files: see cifar_files.h. Each of its 100 fine classes belongs to
// one of 20 coarse ones.
#include "data/published/cifar_files.h"
#include "data/source_size.h"
#include "limbeck/catalogue.h"

namespace limbeck {
namespace {

enum class CifarLabels { coarse = 0, fine = 1 };  // in the order of the label bytes

struct Cifar100Options : SizedSource {
  std::string folder = "cifar-100-binary";
  CifarLabels labels = CifarLabels::fine;
  std::optional<SourceSize> size(const DataFolders&) const override {
    return SourceSize{50000, labels == CifarLabels::fine ? 100 : 20};
  }
  void bind(Fields& fields) {
    fields.text("folder", folder,
                "folder below the data folder; files that lie in the data folder itself are found too");
    fields.choice("labels", labels, {{"fine", CifarLabels::fine}, {"coarse", CifarLabels::coarse}},
                  "the 100 classes, or the 20 above them");
  }
};

std::unique_ptr<Dataset> load_cifar100(const Cifar100Options& options, const DataFolders& folders) {
  const bool fine = options.labels == CifarLabels::fine;
  const CifarSet set{.name = "cifar100",
                     .train = {"train.bin"},
                     .test = {"test.bin"},
                     .label_names = fine ? "fine_label_names.txt" : "coarse_label_names.txt",
                     .train_records = 50000,
                     .test_records = 10000,
                     .format = {.classes = {20, 100}, .shown = static_cast<size_t>(options.labels)}};
  auto dataset = load_cifar(set, options.folder, folders);
  dataset->mean = {0.5071, 0.4867, 0.4408};
  dataset->deviation = {0.2675, 0.2565, 0.2761};
  return dataset;
}

}  // namespace

void register_cifar100(Catalogue& catalogue) {
  catalogue.add<Dataset, Cifar100Options, const DataFolders&>(
      Slot::data,
      {.name = "cifar100",
       .summary =
           "CIFAR-100: 50,000 and 10,000 colour pictures of 100 fine or 20 coarse classes, 32x32, from the published "
           "binary files.",
       .source = "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
       .principal = "folder"},
      load_cifar100);
}

}  // namespace limbeck

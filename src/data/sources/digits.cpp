// The built-in digits as a data set: what everything can be tried on without downloading anything.
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>

#include "data/digits/digits.h"

#include "data/source_size.h"
#include "limbeck/catalogue.h"
#include "limbeck/dataset.h"

namespace limbeck {
namespace {

struct DigitSourceOptions : SizedSource {
  int64_t seed = 0;
  int64_t train = 60000;
  int64_t test = 10000;
  std::optional<SourceSize> size(const DataFolders&) const override { return SourceSize{train, 10}; }
  void bind(Fields& fields) {
    fields.integer("seed", seed, between(0, 9e15), "of the drawing; the same for every run, so that runs compare");
    fields.integer("train", train, between(10, 1e6), "training examples");
    fields.integer("test", test, between(10, 1e6), "test examples");
  }
};

Split draw_split(const DigitSourceOptions& options, int64_t count, uint32_t split) {
  const DigitImages images =
      draw_digits({.seed = static_cast<uint64_t>(options.seed), .count = static_cast<int>(count), .split = split});
  const auto bytes = [](const std::vector<uint8_t>& from, std::vector<int64_t> shape) {
    return at::from_blob(const_cast<uint8_t*>(from.data()), shape, at::kByte).clone();
  };
  return {.inputs = bytes(images.pixels, {count, 1, kDigitSide, kDigitSide}),
          .labels = bytes(images.labels, {count}).to(at::kLong)};
}

}  // namespace

void register_digits(Catalogue& catalogue) {
  catalogue.add<Dataset, DigitSourceOptions, const DataFolders&>(
      Slot::data,
      {.name = "digits",
       .summary = "Built-in digits: handwriting drawn from strokes, 28x28, the same for the same seed; needs no files.",
       .source = "Limbeck"},
      [](const DigitSourceOptions& options, const DataFolders&) {
        auto dataset = std::make_unique<Dataset>();
        dataset->name = "digits";
        for (int label = 0; label < 10; ++label) dataset->classes.push_back(std::to_string(label));
        dataset->train = draw_split(options, options.train, 0);
        dataset->test = draw_split(options, options.test, 1);
        return dataset;
      });
}

}  // namespace limbeck

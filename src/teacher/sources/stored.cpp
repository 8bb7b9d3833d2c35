// Outputs from elsewhere: logits that any other program wrote, as .npy or safetensors. They are joined to the examples
// by id, an example's place in the published training split.
//
//   teacher: { stored: { file: logits.npy } }                    # row i is example i of the training split
//   teacher: { stored: { file: logits.npy, ids: ids.npy } }      # row i is example ids[i]
//   teacher: { stored: { file: outputs.safetensors } }           # tensors `logits` and, where there, `ids`

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/isin.h>

#include <cmath>

#include "nn/tensor_files.h"
#include "nn/weights.h"
#include "teacher/computed_outputs.h"
#include "teacher/teacher_store.h"

namespace limbeck {
namespace {

struct StoredOptions {
  std::string file, ids;
  bool check_labels = true;
  void bind(Fields& fields) {
    fields.file("file", file, Presence::required,
                "logits [n, C] in .npy or .safetensors (tensor 'logits'), floating point");
    fields.file("ids", ids, Presence::optional,
                "ids [n] of the rows, integers; without: of the file's tensor 'ids', else row i is example i");
    fields.flag("check_labels", check_labels,
                "refuse outputs that agree with the labels no more often than chance, as rows in a wrong order would");
  }
};

struct Rows {
  at::Tensor logits;  ///< [n, C] float32
  at::Tensor ids;     ///< [n] int64; undefined: row i is example i
};

Rows read_rows(const StoredOptions& options) {
  Rows rows;
  if (fs::path(options.file).extension() == ".safetensors") {
    const LoadedTensors loaded = load_tensors(options.file);
    const TensorMap& tensors = loaded.tensors;
    if (is_store(loaded.metadata))
      throw Error(fmt::format(
          "'{}' is a store of this program; name it as the `store` of its teacher, which checks what it is of",
          options.file));
    if (!tensors.contains("logits")) throw Error(fmt::format("'{}' has no tensor 'logits'", options.file));
    rows.logits = tensors.at("logits");
    if (tensors.contains("ids")) rows.ids = tensors.at("ids");
  } else {
    rows.logits = read_tensor_file(options.file);
  }
  if (!options.ids.empty()) rows.ids = read_tensor_file(options.ids);
  return rows;
}

void check_ids(const Rows& rows, const std::string& where, int64_t split_size) {
  if (at::isFloatingType(rows.ids.scalar_type()) || rows.ids.scalar_type() == at::kBool || rows.ids.dim() != 1)
    throw Error(fmt::format("the ids of '{}' are {} of {}; expected integers [n]", where,
                            c10::toString(rows.ids.scalar_type()), to_text(rows.ids.sizes().vec())));
  if (rows.ids.size(0) != rows.logits.size(0))
    throw Error(fmt::format("'{}' has {} rows of logits and {} ids", where, rows.logits.size(0), rows.ids.size(0)));
  const at::Tensor sorted = std::get<0>(rows.ids.sort());
  const int64_t low = sorted[0].item<int64_t>(), high = sorted[-1].item<int64_t>();
  if (low < 0 || high >= split_size)
    throw Error(
        fmt::format("'{}' has the ids {} to {}; the training split has 0 to {}", where, low, high, split_size - 1));
  const at::Tensor twice = sorted.slice(0, 1).eq(sorted.slice(0, 0, -1)).nonzero();
  if (twice.size(0) > 0)
    throw Error(fmt::format("'{}' has the id {} twice", where, sorted[twice[0][0].item<int64_t>()].item<int64_t>()));
}

void check_logits(const at::Tensor& logits, const std::string& where, int64_t classes) {
  if (!at::isFloatingType(logits.scalar_type()))
    throw Error(
        fmt::format("the logits of '{}' are {}; expected floating point", where, c10::toString(logits.scalar_type())));
  if (logits.dim() != 2 || logits.size(1) != classes || logits.size(0) == 0)
    throw Error(fmt::format("the logits of '{}' are {}; expected [n, {}], a column for each class", where,
                            to_text(logits.sizes().vec()), classes));
  const at::Tensor bad = logits.isfinite().all(1).logical_not().nonzero();
  if (bad.size(0) > 0)
    throw Error(fmt::format("'{}' has a number that is not finite in row {}", where, bad[0][0].item<int64_t>()));
}

/// Rows in another order name the right class as often as chance does: 1/C, or the share of the most frequent class.
void check_order(const Teacher& teacher, const ExampleSet& examples, const std::string& where) {
  const at::Tensor labels = examples.labels().to(at::kCPU);
  const at::Tensor labelled = labels.ge(0);
  const auto count = labelled.sum().item<double>();
  if (count < 20) return;  // too few to tell
  const at::Tensor chosen =
      over_batches(examples, [&](const Batch& batch) { return teacher.outputs(batch).logits.argmax(1); });
  const double agreement = chosen.to(at::kCPU).eq(labels).sum().item<double>() / count;
  const at::Tensor shares = at::bincount(labels.masked_select(labelled)).to(at::kDouble) / count;
  const at::Tensor guesses = at::bincount(chosen.to(at::kCPU).masked_select(labelled), {}, shares.size(0))
                                 .slice(0, 0, shares.size(0))
                                 .to(at::kDouble) /
                             count;
  if (shares.gt(0).sum().item<int64_t>() < 2) return;             // one class alone: any order is right
  const double chance = (shares * guesses).sum().item<double>();  // of rows paired at random
  const double margin = 4 * std::sqrt(chance * (1 - chance) / count);
  if (agreement > chance + margin) return;
  throw Error(fmt::format(
      "the outputs of '{}' name the label's class for {:.1f} % of the examples, as rows in a random order would "
      "({:.1f} %); are they of this data set, in the order of its training split, or do they need `ids`? "
      "`check_labels: false` takes them as they are",
      where, 100 * agreement, 100 * chance));
}

std::unique_ptr<Teacher> make_stored(const StoredOptions& options, const TeacherContext& context) {
  if (context.purpose == TeacherPurpose::evaluation) return nullptr;
  if (!context.augmenter.empty())
    throw Error(ErrorKind::usage, "outputs from elsewhere are of the examples as they are; use `augment: none`");
  if (!context.taps.empty()) throw Error(ErrorKind::usage, "outputs from elsewhere have no features");
  Rows rows = read_rows(options);
  check_logits(rows.logits, options.file, context.classes);
  const int64_t split_size = context.examples.split_size();
  if (rows.ids.defined()) {
    check_ids(rows, options.file, split_size);
  } else if (rows.logits.size(0) != split_size) {
    throw Error(fmt::format(
        "'{}' has {} rows, the training split {} examples; give the rows' `ids` if they are of a part of it",
        options.file, rows.logits.size(0), split_size));
  } else {
    rows.ids = at::arange(split_size, at::kLong);
  }
  const at::Device device = context.examples.ids().device();
  auto teacher = std::make_unique<KeptOutputs>(TeacherOutputs{.logits = rows.logits.to(at::kFloat).to(device)},
                                               rows.ids.to(at::kLong));
  const at::Tensor missing = at::isin(context.examples.ids().to(at::kCPU), rows.ids.to(at::kLong)).logical_not();
  if (missing.any().item<bool>())
    throw Error(fmt::format("'{}' has no outputs for {} of the stage's {} examples, the first of them {}", options.file,
                            missing.sum().item<int64_t>(), context.examples.size(),
                            context.examples.ids()[missing.nonzero()[0][0].item<int64_t>()].item<int64_t>()));
  if (options.check_labels) check_order(*teacher, context.examples, options.file);
  return teacher;
}

}  // namespace

void register_stored(Catalogue& catalogue) {
  catalogue.add<Teacher, StoredOptions, const TeacherContext&>(
      Slot::teacher,
      {.name = "stored",
       .summary = "Logits of the training examples that any other program wrote, joined by example id.",
       .source = "Limbeck",
       .principal = "file"},
      make_stored);
}

}  // namespace limbeck

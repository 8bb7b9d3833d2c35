// Outputs from elsewhere: logits that any other program wrote, as .npy or safetensors, or a store of outputs by view
// (docs/store-format.md), in one file or several. They are joined to the examples by id, an example's place in the
// published training split.
//
//   teacher: { stored: { file: logits.npy } }                    # row i is example i of the training split
//   teacher: { stored: { file: logits.npy, ids: ids.npy } }      # row i is example ids[i]
//   teacher: { stored: { file: outputs.safetensors } }           # tensors `logits` and, where there, `ids`; or a store

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/isin.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <optional>

#include "core/mapped_file.h"
#include "core/safetensors.h"
#include "nn/tensor_files.h"
#include "nn/weights.h"
#include "teacher/computed_outputs.h"
#include "teacher/store_shards.h"
#include "teacher/stored_views.h"
#include "teacher/teacher_store.h"

namespace limbeck {
namespace {

struct StoredOptions {
  std::string file, ids;
  bool check_labels = true;
  void bind(Fields& fields) {
    fields.file("file", file, Presence::required,
                "logits [n, C] in .npy or .safetensors (tensor 'logits'), floating point; or a store of outputs by "
                "view, or the index of its shards");
    fields.file("ids", ids, Presence::optional,
                "ids [n] of the rows, integers; without: of the file's tensor 'ids', else row i is example i");
    fields.flag("check_labels", check_labels,
                "refuse outputs that agree with the labels no more often than chance, as rows in a wrong order would");
  }
};

/// The store that the file is, or of which it is the index; nullopt if it is anything else.
std::optional<StoreParts> store_in(const StoredOptions& options) {
  if (is_index(options.file)) return parts_of_index(options.file);
  if (fs::path(options.file).extension() != ".safetensors") return std::nullopt;
  const MappedFile file = MappedFile::open(options.file);
  if (!is_store(parse_safetensors(options.file, file.bytes(), Verify::no).metadata)) return std::nullopt;
  return find_store(options.file);
}

struct Rows {
  at::Tensor logits;  ///< [n, C] float32
  at::Tensor ids;     ///< [n] int64; undefined: row i is example i
};

Rows read_rows(const StoredOptions& options) {
  Rows rows;
  if (fs::path(options.file).extension() == ".safetensors") {
    const LoadedTensors loaded = load_tensors(options.file);
    const TensorMap& tensors = loaded.tensors;
    if (!tensors.contains("logits")) throw Error(fmt::format("'{}' has no tensor 'logits'", options.file));
    rows.logits = tensors.at("logits");
    if (tensors.contains("ids")) rows.ids = tensors.at("ids");
  } else {
    rows.logits = read_tensor_file(options.file);
  }
  if (!options.ids.empty()) rows.ids = read_tensor_file(options.ids);
  return rows;
}

void check_ids_of(const Rows& rows, const std::string& where, int64_t split_size) {
  if (at::isFloatingType(rows.ids.scalar_type()) || rows.ids.scalar_type() == at::kBool || rows.ids.dim() != 1)
    throw Error(fmt::format("the ids of '{}' are {} of {}; expected integers [n]", where,
                            c10::toString(rows.ids.scalar_type()), to_text(rows.ids.sizes().vec())));
  if (rows.ids.size(0) != rows.logits.size(0))
    throw Error(fmt::format("'{}' has {} rows of logits and {} ids", where, rows.logits.size(0), rows.ids.size(0)));
  check_ids(rows.ids, where, split_size);
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

/// Throws Error unless there are rows of all examples.
void check_coverage(const at::Tensor& ids, const ExampleSet& examples, const std::string& where) {
  const at::Tensor missing = at::isin(examples.ids().to(at::kCPU), ids.to(at::kLong)).logical_not();
  if (missing.any().item<bool>())
    throw Error(fmt::format("'{}' has no outputs for {} of the stage's {} examples, the first of them {}", where,
                            missing.sum().item<int64_t>(), examples.size(),
                            examples.ids()[missing.nonzero()[0][0].item<int64_t>()].item<int64_t>()));
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

/// What stands for a teacher of which there is nothing but a store.
class NoLiveTeacher : public Teacher {
 public:
  explicit NoLiveTeacher(TeacherStore store) : store_(std::move(store)) {}

  /// The first output of each example, for statistics of examples without augmentation.
  TeacherOutputs outputs(const Batch& batch) const override {
    const at::Tensor rows = store_.rows().of(batch.ids);
    return each_of(store_.read(rows, at::zeros_like(rows)),
                   [&](const at::Tensor& read) { return read.to(batch.inputs.device()); });
  }

 private:
  TeacherStore store_;
};

/// Throws Error where a number of a store is not finite.
void check_numbers(const std::vector<StoreFile>& files) {
  constexpr int64_t kRows = 4096;
  for (const StoreFile& file : files) {
    at::Tensor table = file.table(values_name(file.layout()));
    if (file.layout().top > 0) table = table.slice(2, 0, file.layout().top);  // the rest of all classes is -inf
    for (const at::Tensor& rows : table.split(kRows))
      if (!rows.isfinite().all().item<bool>())
        throw Error(fmt::format("'{}' has a number that is not finite", file.path().string()));
  }
}

/// Throws Error unless a store has the output of each view of each example, at the slot of the view's number.
void check_views(const TeacherStore& store, const ExampleSet& examples, const Augmenter& augmenter,
                 const std::string& where) {
  const int64_t views = augmenter.view_count();
  if (store.layout().slots != views)
    throw Error(ErrorKind::usage, fmt::format("'{}' has {} outputs of each example, and the stage's augmentation has "
                                              "{} views: {}",
                                              where, store.layout().slots, views, augmenter.description()));
  const at::Tensor rows = store.rows().of(examples.ids());
  for (int64_t view = 0; view < views; ++view) {
    const at::Tensor found = store.views_at(rows, at::full_like(rows, view));
    const at::Tensor wrong = found.ne(view + 1).nonzero();
    if (wrong.size(0) == 0) continue;
    const int64_t id = examples.ids()[wrong[0][0].item<int64_t>()].item<int64_t>();
    throw Error(
        fmt::format("'{}' lacks the output of view {} of example {}: its tensor 'views' has {} there, and {} is "
                    "expected",
                    where, view, id, found[wrong[0][0].item<int64_t>()].item<int64_t>(), view + 1));
  }
}

/// Throws Error where the metadata say that a store is of something else.
void check_descriptions(const std::vector<StoreFile>& files, const TeacherContext& context) {
  const std::string views = context.augmenter.empty() ? "each example as it is" : context.augmenter.description();
  std::string examples;  // found once, where a file has it
  for (const StoreFile& file : files) {
    const auto check = [&](const char* key, const std::string& wanted) {
      const auto found = file.identity().find(key);
      if (found != file.identity().end() && found->second != wanted)
        throw Error(fmt::format("'{}' is of other {}: its metadata have '{}', and the stage has '{}'",
                                file.path().string(), key, found->second, wanted));
    };
    if (!context.augmenter.empty() && !file.identity().contains("views"))
      throw Error(ErrorKind::usage,
                  fmt::format("'{}' does not say of which views it is; its metadata need 'views': '{}'",
                              file.path().string(), views));
    check("views", views);
    if (examples.empty() && file.identity().contains("examples")) examples = context.examples.fingerprint();
    check("examples", examples);
  }
}

std::unique_ptr<Teacher> make_from_store(const StoredOptions& options, const TeacherContext& context,
                                         const StoreParts& parts) {
  if (context.augmenter.mixes())
    throw Error(ErrorKind::usage, "stored outputs are of single examples; leave `mixup` and `cutmix` out");
  const std::vector<StoreFile> files = open_parts(parts);
  check_descriptions(files, context);
  check_numbers(files);
  TeacherStore store = TeacherStore::join(files, context.taps, context.examples.split_size());
  if (store.layout().classes != context.classes)
    throw Error(fmt::format("'{}' has outputs of {} classes; the data set has {}", options.file, store.layout().classes,
                            context.classes));
  check_coverage(store.ids(), context.examples, options.file);
  check_views(store, context.examples, context.augmenter, options.file);
  auto first = std::make_unique<NoLiveTeacher>(store);
  if (options.check_labels) check_order(*first, context.examples, options.file);
  return std::make_unique<StoredViews>(std::move(first), std::move(store), context.examples, context.augmenter,
                                       context.view_seed, /*cycle=*/0);
}

std::unique_ptr<Teacher> make_stored(const StoredOptions& options, const TeacherContext& context) {
  if (context.purpose == TeacherPurpose::evaluation) return nullptr;
  if (const std::optional<StoreParts> parts = store_in(options)) return make_from_store(options, context, *parts);
  if (!context.augmenter.empty())
    throw Error(ErrorKind::usage, "outputs from elsewhere are of the examples as they are; use `augment: none`");
  if (!context.taps.empty())
    throw Error(ErrorKind::usage, "logits from elsewhere come without features; a store of outputs has them");
  Rows rows = read_rows(options);
  check_logits(rows.logits, options.file, context.classes);
  const int64_t split_size = context.examples.split_size();
  if (rows.ids.defined()) {
    check_ids_of(rows, options.file, split_size);
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
  check_coverage(rows.ids, context.examples, options.file);
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

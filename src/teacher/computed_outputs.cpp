#include "teacher/computed_outputs.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <set>

#include "core/hash.h"
#include "core/shared_values.h"
#include "kernels/cuda_device.h"
#include "nn/ensembles/committee.h"
#include "nn/weights.h"
#include "teacher/int8_teacher.h"
#include "teacher/store_shards.h"
#include "teacher/stored_views.h"

namespace limbeck {
namespace {

constexpr const char* kSeedMark = "{seed}";
constexpr int64_t kMostViews = 4096;  // of an example that are all stored: a crop padded by 4 pixels, flipped, has 162

/// Whether there is one output of each example, that of the example without augmentation.
bool ignores_views(const ComputedOptions& options, const TeacherContext& context) {
  return context.augmenter.empty() || options.outputs == Computed::fixed;
}

/// The fingerprints that tell whether stored outputs are those that are wanted, by what they are of.
StoreIdentity identity_of(const ComputedOptions& options, const TeacherContext& context, const std::string& teacher,
                          int64_t cycle) {
  std::string views = ignores_views(options, context) ? "each example as it is" : context.augmenter.description();
  if (cycle > 0) views += fmt::format(", {} drawings by seed {}", cycle, context.view_seed);
  return {{"teacher", teacher},
          {"precision", options.precision == ComputedOptions::TeacherPrecision::int8 ? "int8"
                        : context.precision == Precision::bfloat16                   ? "bfloat16"
                                                                                     : "float32"},
          {"examples", context.examples.fingerprint()},
          {"views", views}};
}

/// Drawings of views that come again; 0: each view has a slot of its own.
int64_t cycle_of(const ComputedOptions& options, const TeacherContext& context) {
  return context.augmenter.empty() ? 0 : options.views;
}

at::ScalarType stored_type(const ComputedOptions& options) {
  return options.type == ComputedOptions::Type::float16 ? at::kHalf : at::kFloat;
}

/// Whether outputs are to be kept whatever it costs.
bool asks(const ComputedOptions& options) {
  return options.outputs == Computed::kept || options.outputs == Computed::fixed || !options.store.empty() ||
         options.views > 0;
}

void check_keeping(const ComputedOptions& options, const Augmenter& augmenter) {
  if (!asks(options) || augmenter.empty()) return;
  if (augmenter.mixes())
    throw Error(ErrorKind::usage,
                "the teacher's outputs cannot be kept where examples are mixed in pairs: use `outputs: live`, or leave "
                "`mixup` and `cutmix` out");
  if (options.outputs != Computed::fixed && options.views == 0 && augmenter.view_count() > kMostViews)
    throw Error(
        ErrorKind::usage,
        fmt::format("an example has {} views, too many to keep the teacher's outputs of all; say how many of them "
                    "are used, as `views: 20`",
                    augmenter.view_count()));
}

StoreLayout layout_of(const ComputedOptions& options, const TeacherContext& context,
                      std::map<std::string, Shape> features) {
  const int64_t cycle = cycle_of(options, context);
  const int64_t views = ignores_views(options, context) ? 1 : context.augmenter.view_count();
  return {.slots = cycle > 0 ? cycle : views,
          .classes = context.classes,
          .top = options.top,
          .type = stored_type(options),
          .features = std::move(features)};
}

/// Whether outputs are kept without being asked for: features weigh too much for that.
bool keeps_unasked(const ComputedOptions& options, const TeacherContext& context, bool features) {
  return options.outputs == Computed::automatic && context.augmenter.empty() && !features;
}

/// Whether outputs are kept in a table by view, or as they are.
bool by_views(const ComputedOptions& options, const TeacherContext& context) {
  const bool rounds = options.top > 0 || options.type != ComputedOptions::Type::float32;
  return !options.store.empty() || !ignores_views(options, context) || rounds;
}

at::Tensor ids_of_shard(const TeacherContext& context) {
  const at::Tensor& ids = context.examples.ids();
  if (!context.shard) return ids;
  const auto [begin, end] = context.shard->range(ids.size(0));
  if (begin == end)
    throw Error(ErrorKind::usage,
                fmt::format("shard {} of {} examples has none; use fewer shards", context.shard->text(), ids.size(0)));
  return ids.slice(0, begin, end);
}

/// Opens or creates the store's file, or one of its shards, or opens all of its shards.
TeacherStore file_store(const fs::path& file, const StoreLayout& layout, const at::Tensor& ids,
                        const StoreIdentity& identity, const std::optional<StoreShard>& shard) {
  const StoreParts parts = find_store(file);
  if (!shard && parts.sharded()) return TeacherStore::join(open_parts(parts), layout, ids, identity);
  if (shard && parts.whole)
    throw Error(ErrorKind::usage, fmt::format("the store '{}' is one file; remove it to build shards, or build it "
                                              "without --shard",
                                              file.string()));
  if (shard && parts.exists() && parts.count != shard->count)
    throw Error(ErrorKind::usage, fmt::format("the store '{}' has {} shards; {} is none of them. Build shards of {}, "
                                              "or remove them",
                                              file.string(), parts.count, shard->text(), parts.count));
  const fs::path own = shard ? shard->file_of(file) : file;
  return fs::exists(own) ? TeacherStore::open(own, layout, ids, identity)
                         : TeacherStore::create(own, layout, ids, identity);
}

/// By view: the table is made, or found where a file has it.
std::unique_ptr<Teacher> stored_views(std::unique_ptr<Teacher> live, const ComputedOptions& options,
                                      const TeacherContext& context, const std::string& fingerprint) {
  const int64_t cycle = cycle_of(options, context);
  const StoreIdentity identity = identity_of(options, context, fingerprint, cycle);
  const at::Tensor ids = ids_of_shard(context);
  const TeacherOutputs first = live->outputs(context.examples.batch(at::zeros({1}, ids.options())));
  std::map<std::string, Shape> features;
  for (const std::string& tap : context.taps) features[tap] = first.features.at(tap).sizes().slice(1).vec();
  StoreLayout layout = layout_of(options, context, std::move(features));
  if (first.members.defined()) layout.members = first.members.size(1);
  TeacherStore store = options.store.empty()
                           ? TeacherStore::in_memory(layout, ids)
                           : file_store(options.store_file(context.seed), layout, ids, identity, context.shard);
  if (store.filled() < store.outputs()) {  // what is missing is filled with all features of the file
    std::vector<std::string> all;
    for (const auto& [name, shape] : store.layout().features) all.push_back(name);
    live->also_give(all);
  }
  auto teacher = std::make_unique<StoredViews>(std::move(live), std::move(store), context.examples, context.augmenter,
                                               context.view_seed, cycle);
  if (context.augmenter.empty() && context.fills_at_once)
    teacher->fill([&](int64_t, int64_t) { return !context.stop.stop_requested(); });
  return teacher;
}

/// The outputs on the context's examples as they are.
std::shared_ptr<const TeacherOutputs> share_outputs(const Teacher& live, const ComputedOptions& options,
                                                    const TeacherContext& context, const std::string& fingerprint) {
  static SharedValues<TeacherOutputs> all;
  const at::Device device = context.examples.ids().device();
  std::string key = device.str();
  for (const auto& [what, value] : identity_of(options, context, fingerprint, /*cycle=*/0))
    key += "\n" + what + ": " + value;
  for (const std::string& tap : std::set<std::string>(context.taps.begin(), context.taps.end()))
    key += "\nfeature: " + tap;
  return all.get(key, [&] {
    TeacherOutputs outputs = outputs_of(live, context.examples, context.stop);
    wait_for(device);  // other streams may read them
    return outputs;
  });
}

/// Of the disk on which the folder is.
double free_bytes(const fs::path& folder) {
  std::error_code failure;
  return static_cast<double>(fs::space(folder, failure).available);  // the largest number where it is not known
}

}  // namespace

void ComputedOptions::bind(Fields& fields) {
  fields.choice<Computed>(
      "outputs", outputs,
      {{"auto", Computed::automatic}, {"live", Computed::live}, {"kept", Computed::kept}, {"fixed", Computed::fixed}},
      "live: computed at every step; kept: once for each view of each example; fixed: once for "
      "each example without augmentation, whatever view the student sees (worse, according to "
      "Beyer et al. 2022); auto: kept if nothing is augmented and no loss reads features");
  fields.text("store", store,
              "safetensors file to keep the outputs in; {seed} in its name is the run's seed. An existing file is used "
              "if it belongs to the same teacher and examples, and refused otherwise");
  fields.integer("views", views, between(0, 100000),
                 "number of augmented views of each example, which come again in turn; 0: all views");
  fields.choice<Type>("type", type, {{"float32", Type::float32}, {"float16", Type::float16}},
                      "type of the stored outputs");
  fields.integer("top", top, at_least(0),
                 "store only the K largest logits of each output, the rest of the probability spread evenly; 0: all");
  fields.choice<TeacherPrecision>(
      "precision", precision, {{"auto", TeacherPrecision::stage}, {"int8", TeacherPrecision::int8}},
      "auto: that of the stage; int8: weights and activations of 8 bits, on the processor; faster with AVX-512 VNNI");
  fields.require(asks(*this) || (top == 0 && type == Type::float32),
                 "'top' and 'type' are of stored outputs; write `outputs: kept`, 'views' or 'store' too");
  fields.require(outputs != Computed::fixed || (store.empty() && views == 0 && top == 0 && type == Type::float32),
                 "fixed outputs are in memory, one of each example; leave 'store', 'views', 'top' and 'type' out");
  fields.require((store.empty() && views == 0) || outputs != Computed::live,
                 "outputs that are computed at every step are not stored; "
                 "leave 'store' and 'views', or 'outputs: live' out");
}

fs::path ComputedOptions::store_file(uint64_t seed) const {
  std::string name = store;
  for (size_t at = name.find(kSeedMark); at != std::string::npos; at = name.find(kSeedMark))
    name.replace(at, std::string(kSeedMark).size(), std::to_string(seed));
  return name;
}

std::string fingerprint_of(const Network& network) {
  Hasher hasher;
  if (const auto* committee = dynamic_cast<const Committee*>(&network))
    hasher.add(committee->mean() == EnsembleMean::arithmetic ? "arithmetic" : "logits");
  if (const std::string own = network.identity(); !own.empty()) hasher.add(own);
  for (const auto& [name, tensor] : state_of(network)) {
    const at::Tensor host = tensor.to(at::kCPU).contiguous();
    hasher.add(name).add(host.sizes().data(), host.sizes().size() * sizeof(int64_t));
    hasher.add(host.data_ptr(), host.nbytes());
  }
  return hasher.fingerprint();
}

void check_keeping(const Choice& teacher, const Augmenter& augmenter) {
  if (const auto* options = dynamic_cast<const ComputedOptions*>(teacher.options.get()))
    check_keeping(*options, augmenter);
}

std::string KeptSize::features_text() const {
  return features > 0 ? fmt::format(", {:.0f} % of it for features", 100 * features) : "";
}

fs::path new_store(const Choice& teacher, uint64_t seed) {
  const auto* options = dynamic_cast<const ComputedOptions*>(teacher.options.get());
  if (options == nullptr || options->store.empty()) return {};
  const fs::path file = fs::absolute(options->store_file(seed)).lexically_normal();
  return find_store(file).exists() ? fs::path() : file;
}

KeptSize kept_size(const Choice& teacher, const TeacherContext& context, const std::map<std::string, Shape>& features) {
  const auto* options = dynamic_cast<const ComputedOptions*>(teacher.options.get());
  if (options == nullptr || (!asks(*options) && !keeps_unasked(*options, context, !features.empty()))) return {};
  const StoreLayout layout = layout_of(*options, context, features), logits = layout_of(*options, context, {});
  const auto examples = static_cast<double>(context.examples.size());
  const double all = examples * static_cast<double>(layout.example_bytes());
  KeptSize size;
  size.features = 1 - static_cast<double>(logits.example_bytes()) / static_cast<double>(layout.example_bytes());
  if (options->store.empty())
    size.memory = all;
  else if (!new_store(teacher, context.seed).empty())
    size.file = all + examples * static_cast<double>(sizeof(int64_t));  // ids
  if (by_views(*options, context)) size.epoch = all / static_cast<double>(layout.slots);
  return size;
}

void check_store(const Choice& teacher, const TeacherContext& context, const std::map<std::string, Shape>& features) {
  const auto* options = dynamic_cast<const ComputedOptions*>(teacher.options.get());
  if (options == nullptr) return;
  if (options->outputs == Computed::fixed && !features.empty() && !context.augmenter.empty())
    throw Error(ErrorKind::usage,
                "fixed outputs are of the example without augmentation, where a feature's values lie in other places "
                "than in the view that the student sees; use `outputs: live` or `outputs: kept` for losses over "
                "features");
  const StoreLayout layout = layout_of(*options, context, features);
  check_layout(layout);
  if (options->store.empty()) return;
  const fs::path file = options->store_file(context.seed);
  if (const StoreParts parts = find_store(file); parts.exists()) {
    StoreIdentity identity = identity_of(*options, context, /*teacher=*/"", cycle_of(*options, context));
    identity.erase("teacher");
    for (const StoreParts::Part& part : parts.parts) check_info(part.file, read_file_info(part.file), layout, identity);
  } else {
    const fs::path parent = fs::absolute(file).parent_path();
    make_writable_folder(parent);
    const KeptSize size = kept_size(teacher, context, features);
    if (const double free = free_bytes(parent); size.file > free)
      throw Error(ErrorKind::usage, fmt::format("the store '{}' takes {:.1f} GB{}, and {:.1f} GB are free there",
                                                file.string(), size.file / 1e9, size.features_text(), free / 1e9));
  }
}

bool seeds_share_store(const Choice& teacher) {
  const auto* options = dynamic_cast<const ComputedOptions*>(teacher.options.get());
  return options != nullptr && !options->store.empty() && options->store.find(kSeedMark) == std::string::npos;
}

fs::path unsealed_store(const Choice& teacher, uint64_t seed) {
  const auto* options = dynamic_cast<const ComputedOptions*>(teacher.options.get());
  if (options == nullptr || options->store.empty()) return {};
  const fs::path file = fs::absolute(options->store_file(seed)).lexically_normal();
  return find_store(file).complete() ? fs::path() : file;
}

std::unique_ptr<Teacher> make_computed_teacher(std::unique_ptr<Teacher> live, const ComputedOptions& options,
                                               const TeacherContext& context, const std::string& fingerprint) {
  if (context.purpose == TeacherPurpose::evaluation) return live;
  check_keeping(options, context.augmenter);
  if (!asks(options) && !keeps_unasked(options, context, !context.taps.empty())) return live;
  if (by_views(options, context)) return stored_views(std::move(live), options, context, fingerprint);
  return std::make_unique<KeptOutputs>(share_outputs(*live, options, context, fingerprint), context.examples.ids());
}

std::shared_ptr<const Network> network_for(const ComputedOptions& options, const std::string& name,
                                           const TeacherContext& context) {
  std::shared_ptr<const Network> network = context.network(name);
  const bool in_bytes = options.precision == ComputedOptions::TeacherPrecision::int8;
  return in_bytes && context.purpose == TeacherPurpose::training ? in_int8(network, name, context) : network;
}

TeacherOutputs outputs_of(const Teacher& teacher, const ExampleSet& examples, const std::stop_token& stop) {
  std::vector<at::Tensor> members;
  TeacherOutputs all;
  int64_t done = 0;
  all.logits = over_batches(examples, [&](const Batch& batch) {
    if (stop.stop_requested())
      throw Error(ErrorKind::interrupted, "stopped while the teacher was asked for its outputs; everything is saved");
    TeacherOutputs outputs = teacher.outputs(batch);
    for (const auto& [name, feature] : outputs.features) {  // which are large: they are not in memory twice
      at::Tensor& whole = all.features[name];
      if (!whole.defined()) {
        std::vector<int64_t> shape = feature.sizes().vec();
        shape[0] = examples.size();
        whole = at::empty(shape, feature.options());
      }
      whole.slice(0, done, done + batch.size()).copy_(feature);
    }
    done += batch.size();
    if (outputs.members.defined()) members.push_back(outputs.members);
    return outputs.logits;
  });
  if (!members.empty()) all.members = at::cat(members);
  return all;
}

TeacherOutputs KeptOutputs::outputs(const Batch& batch) const {
  const at::Tensor rows = batch.ids.is_cpu() ? rows_.of(batch.ids) : rows_.on_device_of(batch.ids);
  return each_of(*kept_, [&](const at::Tensor& all) { return all.index_select(0, rows); });
}

}  // namespace limbeck

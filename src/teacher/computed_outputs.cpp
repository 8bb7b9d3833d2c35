#include "teacher/computed_outputs.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "core/hash.h"
#include "nn/committee.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

constexpr const char* kFormat = "limbeck teacher outputs 1";

/// The fingerprints that tell whether stored outputs are those that are wanted, by what they are of.
std::vector<std::pair<std::string, std::string>> identity_of(const TeacherContext& context, const std::string& teacher) {
  return {{"teacher", teacher},
          {"precision", context.precision == Precision::bfloat16 ? "bfloat16" : "float32"},
          {"examples", context.examples.fingerprint()},
          {"views", "each example as it is"}};
}

std::string with_seed(std::string name, uint64_t seed) {
  const std::string mark = "{seed}";
  for (size_t at = name.find(mark); at != std::string::npos; at = name.find(mark)) name.replace(at, mark.size(), std::to_string(seed));
  return name;
}

std::unique_ptr<Teacher> read_store(const fs::path& file, const TeacherContext& context, const std::string& fingerprint) {
  const LoadedTensors loaded = load_tensors(file);
  const auto field = [&](const std::string& name) {
    const auto found = loaded.metadata.find(name);
    return found == loaded.metadata.end() ? "" : found->second;
  };
  if (!is_store(loaded.metadata))
    throw Error(fmt::format("'{}' holds no teacher outputs of this program; outputs from elsewhere are read by the teacher 'stored'",
                            file.string()));
  for (const auto& [what, wanted] : identity_of(context, fingerprint))
    if (field(what) != wanted)
      throw Error(fmt::format("'{}' holds the outputs of {}; remove it to compute them again, or name another file (for "
                              "several seeds, one with {{seed}} in its name)",
                              file.string(), what == "teacher" ? "another teacher" : what == "precision" ? "the teacher in another precision"
                                                                                              : "the teacher on other " + what));
  const auto tensor = [&](const char* name) {
    const auto found = loaded.tensors.find(name);
    return found == loaded.tensors.end() ? torch::Tensor() : found->second;
  };
  const torch::Tensor ids = tensor("ids"), logits = tensor("logits");
  const bool fits = ids.defined() && logits.defined() && logits.dim() == 2 && logits.size(1) == context.classes &&
                    ids.scalar_type() == torch::kInt64 && ids.sizes() == logits.sizes().slice(0, 1) && ids.size(0) > 0 &&
                    ids.ge(0).all().item<bool>();
  if (!fits)
    throw Error(fmt::format("'{}' does not hold the tensors 'ids' [n] and 'logits' [n, {}]", file.string(), context.classes));
  const torch::Device device = context.examples.ids().device();
  const torch::Tensor members = tensor("members");
  return std::make_unique<KeptOutputs>(
      TeacherOutputs{.logits = logits.to(device), .features = {}, .members = members.defined() ? members.to(device) : members}, ids);
}

void write_store(const fs::path& file, const TeacherOutputs& outputs, const TeacherContext& context,
                 const std::string& fingerprint) {
  TensorMap tensors = {{"ids", context.examples.ids()}, {"logits", outputs.logits}};
  if (outputs.members.defined()) tensors["members"] = outputs.members;
  Metadata metadata = {{"format", kFormat}};
  for (const auto& [what, value] : identity_of(context, fingerprint)) metadata[what] = value;
  save_tensors(file, tensors, metadata);
}

}  // namespace

bool is_store(const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find("format");
  return found != metadata.end() && found->second == kFormat;
}

void ComputedOptions::bind(Fields& fields) {
  fields.choice<Computed>("outputs", outputs,
                          {{"auto", Computed::automatic}, {"live", Computed::live}, {"kept", Computed::kept}},
                          "computed at every step, or once and kept; auto keeps them where nothing is augmented");
  fields.text("store", store,
              "file to keep them in, as safetensors, {seed} in its name being the run's seed; one that is there is used if it is of "
              "the same teacher and examples, and refused otherwise");
  fields.require(store.empty() || outputs != Computed::live, "outputs that are computed at every step are not stored; leave "
                                                             "'store' or 'outputs: live' out");
}

std::string fingerprint_of(const Network& network) {
  Hasher hasher;
  if (const auto* committee = dynamic_cast<const Committee*>(&network))
    hasher.add(committee->mean() == EnsembleMean::arithmetic ? "arithmetic" : "logits");
  if (const std::string own = network.identity(); !own.empty()) hasher.add(own);
  for (const auto& [name, tensor] : state_of(network)) {
    const torch::Tensor host = tensor.to(torch::kCPU).contiguous();
    hasher.add(name).add(host.sizes().data(), host.sizes().size() * sizeof(int64_t));
    hasher.add(host.data_ptr(), host.nbytes());
  }
  return hasher.fingerprint();
}

std::unique_ptr<Teacher> computed(std::unique_ptr<Teacher> live, const ComputedOptions& options,
                                  const TeacherContext& context, const std::string& fingerprint) {
  if (context.purpose == TeacherPurpose::evaluation) return live;
  const bool asked = options.outputs == Computed::kept || !options.store.empty();
  if (asked && !context.augmenter.empty())
    throw Error(ErrorKind::usage, "the teacher's outputs cannot be kept while examples are augmented; use `outputs: live` "
                                  "or `augment: none`");
  if (!options.store.empty()) {
    const fs::path file = with_seed(options.store, context.seed);
    if (fs::exists(file)) return read_store(file, context, fingerprint);
    TeacherOutputs outputs = outputs_of(*live, context.examples);
    write_store(file, outputs, context, fingerprint);
    return std::make_unique<KeptOutputs>(std::move(outputs), context.examples.ids());
  }
  const bool keep = asked || (options.outputs == Computed::automatic && context.augmenter.empty() && context.taps.empty());
  if (!keep) return live;
  return std::make_unique<KeptOutputs>(outputs_of(*live, context.examples), context.examples.ids());
}

TeacherOutputs outputs_of(const Teacher& teacher, const ExampleSet& examples) {
  std::vector<torch::Tensor> members;
  TeacherOutputs all;
  all.logits = over_batches(examples, [&](const Batch& batch) {
    TeacherOutputs outputs = teacher.outputs(batch);
    if (!outputs.features.empty()) throw Error("features of a teacher cannot be kept; use `outputs: live`");
    if (outputs.members.defined()) members.push_back(outputs.members);
    return outputs.logits;
  });
  if (!members.empty()) all.members = torch::cat(members);
  return all;
}

KeptOutputs::KeptOutputs(TeacherOutputs outputs, const torch::Tensor& ids) : kept_(std::move(outputs)) {
  const torch::Tensor on_host = ids.to(torch::kCPU);
  row_of_ = torch::full({on_host.max().item<int64_t>() + 1}, -1, on_host.options());
  row_of_.index_put_({on_host}, torch::arange(on_host.size(0), on_host.options()));
}

TeacherOutputs KeptOutputs::outputs(const Batch& batch) const {
  const torch::Tensor ids = batch.ids.to(torch::kCPU).contiguous();
  torch::Tensor rows = torch::empty_like(ids);
  const auto *id = ids.data_ptr<int64_t>(), *row_of = row_of_.data_ptr<int64_t>();
  auto* row = rows.data_ptr<int64_t>();
  for (int64_t i = 0; i < ids.size(0); ++i) {
    row[i] = id[i] < row_of_.size(0) ? row_of[id[i]] : -1;
    if (row[i] < 0) throw Error(fmt::format("the teacher's outputs are not known for example {}", id[i]));
  }
  rows = rows.to(kept_.logits.device());
  TeacherOutputs outputs{.logits = kept_.logits.index_select(0, rows)};
  if (kept_.members.defined()) outputs.members = kept_.members.index_select(0, rows);
  return outputs;
}

}  // namespace limbeck

// An ensemble of named networks as teacher: `teacher: { ensemble: [first, second, third] }`.
//   arithmetic: p = (1/M) Σ_m softmax(v_m / T)
//   geometric:  p = softmax(mean_m v_m / T)
//   logits:     v = mean_m v_m
// The geometric mean of distributions at T is the distribution of the averaged logits at T; only the arithmetic mean
// has no logits of its own (losses that regress logits get the logarithm of the mean distribution at T = 1).

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>

#include "core/hash.h"
#include "nn/ensembles/committee.h"
#include "teacher/computed_outputs.h"
#include "teacher/network_teacher.h"

namespace limbeck {
namespace {

struct EnsembleOptions : ComputedOptions {
  std::vector<std::string> of;
  EnsembleMean mean = EnsembleMean::geometric;
  void bind(Fields& fields) {
    fields.references("of", of, "earlier stages, or networks with weights, that teach together");
    bind_mean(fields, mean);
    ComputedOptions::bind(fields);
    fields.require(
        top == 0 || mean != EnsembleMean::arithmetic,
        "the largest logits alone of an arithmetic ensemble cannot be kept; leave 'top' out, or use another mean");
  }
};

class EnsembleTeacher : public Teacher {
 public:
  EnsembleTeacher(std::vector<std::unique_ptr<Teacher>> members, EnsembleMean mean)
      : members_(std::move(members)), mean_(mean) {}

  TeacherOutputs outputs(const Batch& batch) const override {
    std::vector<at::Tensor> logits;
    for (const auto& member : members_) logits.push_back(member->outputs(batch).logits);
    const at::Tensor all = at::stack(logits, 1);  // [N, M, C]
    if (mean_ != EnsembleMean::arithmetic) return {.logits = all.mean(1)};
    return {.logits = log_mean_distribution(all, 1), .features = {}, .members = all};
  }

 private:
  std::vector<std::unique_ptr<Teacher>> members_;
  EnsembleMean mean_;
};

std::unique_ptr<Teacher> make_ensemble(const EnsembleOptions& options, const TeacherContext& context) {
  if (!context.taps.empty())
    throw Error(ErrorKind::usage, "an ensemble has no features of its own; name one network as teacher");
  Hasher hasher;
  hasher.add(options.mean == EnsembleMean::arithmetic ? "arithmetic" : "logits");
  std::vector<std::unique_ptr<Teacher>> members;
  for (const std::string& name : options.of) {
    const std::shared_ptr<const Network> network = network_for(options, name, context);
    const auto* committee = dynamic_cast<const Committee*>(network.get());
    if (committee != nullptr && committee->mean() == EnsembleMean::arithmetic)
      throw Error(ErrorKind::usage,
                  fmt::format("'{}' is the arithmetic mean of several networks and has no logits that serve at every "
                              "temperature; name its members",
                              name));
    hasher.add(fingerprint_of(*context.network(name)));
    members.push_back(teach_by(network, context));
  }
  return make_computed_teacher(std::make_unique<EnsembleTeacher>(std::move(members), options.mean), options, context,
                               hasher.fingerprint());
}

}  // namespace

void register_ensemble(Catalogue& catalogue) {
  catalogue.add<Teacher, EnsembleOptions, const TeacherContext&>(
      Slot::teacher,
      {.name = "ensemble",
       .summary = "Several networks, whose distributions or logits are averaged.",
       .formula = "geometric: softmax(mean_m v_m/T); arithmetic: mean_m softmax(v_m/T); logits: v = mean_m v_m",
       .source = "Hinton et al. 2015, section 2; logits: Ba and Caruana 2014, section 2.2",
       .principal = "of"},
      make_ensemble);
}

}  // namespace limbeck

// Co-distillation: each of several networks that are trained together learns from the average of all of them.
//   p = (1/M) Σ_k softmax(c_k / T) over the community's logits c_k as they are at this step (without gradient)
//   q = softmax(z / T) of one member        L = T² · (1/N) Σ_n Σ_c p_nc (log p_nc − log q_nc)
// The average runs along with training: it is that of the networks as they are now. Hinton, Vinyals and Dean train
// "towards the running average of the community plus the labels" (slides, "Dark knowledge", 2014).

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/stack.h>

#include "core/error.h"
#include "limbeck/loss.h"
#include "recipe/ensemble_mean.h"

namespace limbeck {
namespace {

struct CommunityOptions {
  double temperature = 2;
  EnsembleMean mean = EnsembleMean::arithmetic;
  Reduction reduction = Reduction::batchmean;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T, the same for the community and the network");
    bind_mean(fields, mean);
    bind_reduction(fields, reduction);
  }
};

class Community : public Loss {
 public:
  explicit Community(const CommunityOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.community = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs&, const Targets&) const override {
    if (student.community.empty()) throw Error("the loss 'community' needs networks that are trained together");
    const double temperature = options_.temperature;
    const at::Tensor all = at::stack(student.community, 1).detach();  // [N, M, C]
    const at::Tensor log_p = options_.mean == EnsembleMean::arithmetic ? log_mean_distribution(all, temperature)
                                                                       : at::log_softmax(all.mean(1) / temperature, 1);
    const at::Tensor log_q = at::log_softmax(student.logits / temperature, 1);
    return (log_p.exp() * (log_p - log_q)).sum() *
           (temperature * temperature * reduction_factor(options_.reduction, log_q));
  }

 private:
  CommunityOptions options_;
};

}  // namespace

void register_community(Catalogue& catalogue) {
  catalogue.add<Loss, CommunityOptions>(
      Slot::loss,
      {.name = "community",
       .summary = "Divergence from the average of all networks that are trained together: co-distillation.",
       .formula = "T^2 sum_c p_c (log p_c - log q_c), p = mean_k softmax(c_k/T) of the community, q = softmax(z/T), "
                  "mean over examples",
       .source = "Hinton, Vinyals, Dean 2014 (slides, Dark knowledge); Anil et al. 2018",
       .principal = "temperature",
       .needs_community = true},
      [](const CommunityOptions& options) { return std::make_unique<Community>(options); });
}

}  // namespace limbeck

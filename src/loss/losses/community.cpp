// Co-distillation: each of several networks that are trained together learns from the average of all of them.
//   p = (1/M) Σ_k softmax(c_k / T) over the community's logits c_k as they are at this step (without gradient)
//   q = softmax(z / T) of one member        L = T² · (1/N) Σ_n Σ_c p_nc (log p_nc − log q_nc)
// Hinton, Vinyals and Dean train "towards the running average of the community plus the labels" (slides, "Dark
// knowledge", 2014). With `momentum` μ the target is a running average for each example, over the epochs:
//   p̄_n ← p_n where the example is seen first, else μ p̄_n + (1 − μ) p_n, once an epoch
// With μ = 0 it is the average of the networks as they are now. State: two distributions and a number for each example.

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "core/error.h"
#include "limbeck/loss.h"
#include "recipe/ensemble_mean.h"

namespace limbeck {
namespace {

struct CommunityOptions {
  double temperature = 2;
  double momentum = 0;
  EnsembleMean mean = EnsembleMean::arithmetic;
  Reduction reduction = Reduction::batchmean;
  void bind(Fields& fields) {
    fields.number("temperature", temperature, above(0), "T, the same for the community and the network");
    fields.number("momentum", momentum, from_below(0, 1),
                  "share of earlier epochs in the average of each example; 0: the networks as they are now");
    bind_mean(fields, mean);
    bind_reduction(fields, reduction);
  }
};

class Community : public Loss {
 public:
  explicit Community(const CommunityOptions& options) : options_(options) {}

  LossNeeds needs() const override {
    const bool runs = options_.momentum > 0;
    return {.community = true, .shapes = runs, .epochs = runs};
  }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    if (options_.momentum == 0) return;
    const at::Tensor none = at::zeros({shapes.examples, shapes.student_logits[0]}, at::kFloat);
    average_ = parameters.keep("average", none);
    before_ = parameters.keep("before", none);
    epoch_ = parameters.keep("epoch", at::full({shapes.examples}, -1, at::kLong));
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs&, const Targets& targets) const override {
    if (student.community.empty()) throw Error("the loss 'community' needs networks that are trained together");
    const double temperature = options_.temperature;
    const at::Tensor all = at::stack(student.community, 1).detach();  // [N, M, C]
    const at::Tensor now = options_.mean == EnsembleMean::arithmetic ? log_mean_distribution(all, temperature)
                                                                     : at::log_softmax(all.mean(1) / temperature, 1);
    const at::Tensor log_p = options_.momentum > 0 ? running(now, targets) : now;
    const at::Tensor log_q = at::log_softmax(student.logits / temperature, 1);
    return (log_p.exp() * (log_p - log_q)).sum() *
           (temperature * temperature * reduction_factor(options_.reduction, log_q));
  }

 private:
  /// Members of a community ask in turn, at each step, for the same average: it moves once an epoch, from `before`.
  at::Tensor running(const at::Tensor& log_p, const Targets& targets) const {
    const at::NoGradGuard no_gradient;
    const at::Tensor& ids = targets.ids;
    const at::Tensor epoch = targets.epochs.floor().to(at::kLong).expand(ids.sizes());
    const at::Tensor is_new = epoch_.index_select(0, ids).ne(epoch).unsqueeze(1);
    const at::Tensor before = at::where(is_new, average_.index_select(0, ids), before_.index_select(0, ids));
    const at::Tensor p = log_p.exp().to(at::kFloat);
    const at::Tensor unseen = before.sum(1, /*keepdim=*/true).eq(0);
    const at::Tensor average = at::where(unseen, p, options_.momentum * before + (1 - options_.momentum) * p);
    average_.index_copy_(0, ids, average);
    before_.index_copy_(0, ids, before);
    epoch_.index_copy_(0, ids, epoch);
    constexpr double kLeast = 1e-30;
    return average.clamp_min(kLeast).log().to(log_p.scalar_type());
  }

  CommunityOptions options_;
  at::Tensor average_, before_;  ///< [M, C] of the training examples, of this epoch and the one before
  at::Tensor epoch_;             ///< [M] of `average`; −1: none
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

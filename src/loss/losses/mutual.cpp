// Deep mutual learning: networks that are trained together learn from each other.
//   p_k = softmax(c_k / T) of the network k as it is at this step (without gradient), q = softmax(z / T) of one network
//   L = T² · 1/(M − 1) Σ_k≠i KL(p_k ‖ q_i), mean over examples          M networks
// Y. Zhang, T. Xiang, T. Hospedales, H. Lu, "Deep mutual learning", CVPR 2018, arXiv 1706.00384, equations 5 and 8, at
// T = 1. There the networks take turns in a step; here all learn from the others as they are before it. `community`
// (co-distillation) compares each network with the average of all instead.
//   replicas: { count: 2, together: true }        loss: [ mutual, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/stack.h>

#include <algorithm>

#include "core/error.h"
#include "limbeck/loss.h"

namespace limbeck {
namespace {

struct MutualOptions {
  double temperature = 1;
  void bind(Fields& fields) { fields.number("temperature", temperature, above(0), "T, the same for all networks"); }
};

class Mutual : public Loss {
 public:
  explicit Mutual(const MutualOptions& options) : options_(options) {}

  LossNeeds needs() const override { return {.community = true}; }

  at::Tensor value(const Outputs& student, const TeacherOutputs&, const Targets&) const override {
    if (student.community.empty()) throw Error("the loss 'mutual' needs networks that are trained together");
    const double temperature = options_.temperature;
    const at::Tensor log_p = at::log_softmax(at::stack(student.community).detach() / temperature, 2);  // [M, N, C]
    const at::Tensor log_q = at::log_softmax(student.logits / temperature, 1);
    // The network itself is one of the M: its divergence and the gradient of it are 0.
    const auto others = static_cast<double>(std::max<int64_t>(log_p.size(0) - 1, 1));
    const auto examples = static_cast<double>(log_q.size(0));
    return (log_p.exp() * (log_p - log_q)).sum() * (temperature * temperature / (others * examples));
  }

 private:
  MutualOptions options_;
};

}  // namespace

void register_mutual(Catalogue& catalogue) {
  catalogue.add<Loss, MutualOptions>(
      Slot::loss,
      {.name = "mutual",
       .aliases = {"dml"},
       .summary = "Divergence from each other network that is trained together: deep mutual learning.",
       .formula = "T^2 mean_k sum_c p_kc (log p_kc - log q_c), p_k = softmax(c_k/T) of each other network, "
                  "q = softmax(z/T), mean over examples",
       .source = "Zhang et al. 2018",
       .principal = "temperature",
       .needs_community = true},
      [](const MutualOptions& options) { return std::make_unique<Mutual>(options); });
}

}  // namespace limbeck

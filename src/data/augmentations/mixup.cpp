// Mixup: each example is mixed with another one, pixel by pixel (Zhang et al. 2018, "mixup: beyond empirical risk
// minimization").
//   input = λ x_i + (1 − λ) x_j,  λ ~ Beta(α, α)
// α = 1 draws λ uniformly from [0, 1], as in Beyer et al. 2022 (function matching).
#include <ATen/ops/lerp.h>

#include "data/mixer.h"

namespace limbeck {
namespace {

struct MixupOptions {
  double alpha = 0.2;
  void bind(Fields& fields) {
    fields.number("alpha", alpha, above(0),
                  "the share of each example is drawn from Beta(alpha, alpha); 1: evenly from 0 to 1");
  }
};

class Mixup : public Mixer {
 public:
  using Mixer::Mixer;

  MixedInputs mix(const at::Tensor& own, const at::Tensor& partners, const at::Tensor& draws) const override {
    std::vector<int64_t> shape(static_cast<size_t>(own.dim()), 1);
    shape[0] = own.size(0);
    const at::Tensor shares = draws.select(1, 0);
    return {at::lerp(partners, own, shares.reshape(shape)), shares};
  }
};

}  // namespace

void register_mixup(Catalogue& catalogue) {
  catalogue.add<Augmentation, MixupOptions>(
      Slot::augmentation,
      {.name = "mixup",
       .summary = "Mixes each example with another one, and the losses of their labels by the same share.",
       .formula = "l x_i + (1 - l) x_j, l drawn from Beta(alpha, alpha)",
       .source = "Zhang et al. 2018; for distillation: Beyer et al. 2022",
       .principal = "alpha"},
      [](const MixupOptions& options) { return std::make_unique<Mixup>(options.alpha); });
}

}  // namespace limbeck

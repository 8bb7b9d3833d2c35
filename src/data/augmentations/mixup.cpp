#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "data/mixup.h"

#include "core/random.h"

namespace limbeck {
namespace {

struct MixupOptions {
  double alpha = 0.2;
  void bind(Fields& fields) {
    fields.number("alpha", alpha, above(0),
                  "the share of each example is drawn from Beta(alpha, alpha); 1: evenly from 0 to 1");
  }
};

}  // namespace

Mixing Mixup::draw(const at::Tensor& ids, int64_t examples, uint64_t seed, int64_t epoch) const {
  const at::Tensor on_host = ids.to(at::kCPU).contiguous();
  at::Tensor partners = at::empty_like(on_host), shares = at::empty(on_host.sizes(), at::kFloat);
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const auto id = static_cast<uint32_t>(on_host.data_ptr<int64_t>()[i]);
    Random random({seed, Purpose::mixing, static_cast<uint32_t>(epoch), id});
    partners.data_ptr<int64_t>()[i] = random.below(static_cast<uint32_t>(examples));
    shares.data_ptr<float>()[i] = static_cast<float>(random.beta(alpha_, alpha_));
  }
  return {.partners = partners.to(ids.device()), .shares = shares.to(ids.device())};
}

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

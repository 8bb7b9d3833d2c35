// CutMix: a rectangle of each image is replaced by the same rectangle of another one (Yun et al. 2019, "CutMix:
// regularization strategy to train strong classifiers with localizable features", arXiv 1905.04899).
//   r ~ Beta(α, α), a rectangle of height ⌊H √(1 − r)⌋ and width ⌊W √(1 − r)⌋ around a pixel, all equally likely,
//   clipped at the border; λ = 1 − its area / (H W)
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/where.h>

#include "data/mixer.h"

namespace limbeck {
namespace {

struct CutmixOptions {
  double alpha = 1;
  void bind(Fields& fields) {
    fields.number("alpha", alpha, above(0),
                  "the share of each image is drawn from Beta(alpha, alpha); 1: evenly from 0 to 1");
  }
};

class Cutmix : public Mixer {
 public:
  using Mixer::Mixer;

  MixedInputs mix(const at::Tensor& own, const at::Tensor& partners, const at::Tensor& draws) const override {
    if (own.dim() != 4)
      throw Error(ErrorKind::usage,
                  fmt::format("cutmix is of images [N, C, H, W]; the examples have {} dimensions", own.dim() - 1));
    const int64_t height = own.size(2), width = own.size(3);
    const at::Tensor side = (1 - draws.select(1, 0)).sqrt();
    const at::Tensor rows = inside(draws.select(1, 1), side, height), columns = inside(draws.select(1, 2), side, width);
    const at::Tensor rectangle = rows.unsqueeze(2).logical_and(columns.unsqueeze(1)).unsqueeze(1);  // [N, 1, H, W]
    const at::Tensor area = rows.sum(1).mul(columns.sum(1)).to(at::kFloat);
    return {at::where(rectangle, partners, own), 1 - area / static_cast<double>(height * width)};
  }

 private:
  /// Whether each of n places lies in the part of length ⌊n side⌋ around place ⌊n centre⌋: [N, n].
  static at::Tensor inside(const at::Tensor& centre, const at::Tensor& side, int64_t n) {
    const auto length = static_cast<double>(n);
    const at::Tensor half = (side * length).floor().div(2, "floor");
    const at::Tensor middle = (centre * length).floor().clamp_max(length - 1);
    const at::Tensor places = at::arange(n, centre.options()).unsqueeze(0);
    return places.ge((middle - half).unsqueeze(1)).logical_and(places.lt((middle + half).unsqueeze(1)));
  }
};

}  // namespace

void register_cutmix(Catalogue& catalogue) {
  catalogue.add<Augmentation, CutmixOptions>(
      Slot::augmentation,
      {.name = "cutmix",
       .summary = "Replaces a rectangle of each image by that of another one, and mixes the losses of their labels by "
                  "the share of its area.",
       .formula = "a rectangle of sides sqrt(1 - r) of the image's, r drawn from Beta(alpha, alpha)",
       .source = "Yun et al. 2019",
       .principal = "alpha"},
      [](const CutmixOptions& options) { return std::make_unique<Cutmix>(options.alpha); });
}

}  // namespace limbeck

// Factor transfer: an autoencoder ("paraphraser") of the teacher's feature is trained first; then the student learns
// its code ("factors") through a trained "translator".
//   t = the teacher's feature (option from)     s = the student's (option to)
//   F_t = E(t), [k·C_t, H, W], t̂ = D(F_t);  F_s = T(s), as many channels (option factors: k)
//   E, D, T: three 3×3 convolutions each, with batch norm and leaky ReLU of slope 0.1
//   epochs done < paraphraser_epochs:  L = mean over all numbers of (t − t̂)², of which the student has no gradient
//   afterwards, with E held fixed, u the factors of an example as one vector:
//   form norm:  L = 1/N Σ_n ‖u_s/‖u_s‖₂ − u_t/‖u_t‖₂‖_p                                the paper's; option p
//   form mean:  L = mean over examples and numbers of |u_s/‖u_s‖₂ − u_t/‖u_t‖₂|^p      its authors' code
//   form map:   as mean, u = mean over channels of F²                                  the collections' code
// J. Kim, S. Park, N. Kwak, "Paraphrasing complex network: network compression via factor transfer", NeurIPS 2018,
// arXiv 1802.04977, section 3 (k = 0.5, p = 1). There the paraphraser is trained in a stage of its own; D's transposed
// convolutions of stride 1 are convolutions. Batch norm, which that code leaves out and collections have, takes the
// statistics of the batch, also in the fixed E. Factors of unequal sizes are averaged to the smaller one. SGD's weight
// decay, which goes on, shrinks all weights of E alike, which changes no normalized factor. Both values are computed in
// each step, so that a step can be captured.
//   loss: [ { factor_transfer: { form: map, weight: 200 } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/where.h>

#include <fmt/format.h>

#include <algorithm>

#include "loss/loss_layers.h"
#include "loss/pooling.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

enum class FactorForm { norm, mean, map };

struct FactorTransferOptions : FeaturePairs {
  FactorTransferOptions() : FeaturePairs(Places::last) {}
  double factors = 0.5;
  int64_t p = 1;
  FactorForm form = FactorForm::norm;
  double paraphraser_epochs = 30;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.number("factors", factors, above(0), "k, channels of the factors for each channel of the teacher's feature");
    fields.integer("p", p, between(1, 2), "1: absolute differences; 2: Euclidean, squared in the forms mean and map");
    fields.choice<FactorForm>(
        "form", form, {{"norm", FactorForm::norm}, {"mean", FactorForm::mean}, {"map", FactorForm::map}},
        "norm: the p-norm of an example's difference, as in the paper; mean: over examples and numbers, as in its "
        "authors' code; map: so of the mean squares over channels, as in the collections");
    fields.number("paraphraser_epochs", paraphraser_epochs, at_least(0),
                  "first epochs of the stage, in which the paraphraser alone is trained");
  }
};

/// Three convolutions from `in` channels to `out`, the first or, of a decoder, the last with as many as the feature.
class FactorNetwork {
 public:
  FactorNetwork() = default;
  FactorNetwork(LossParameters& parameters, const std::string& prefix, const std::vector<int64_t>& channels) {
    for (size_t i = 0; i + 1 < channels.size(); ++i)
      layers_.emplace_back(parameters, fmt::format("{}{}.", prefix, i + 1),
                           ConvolutionShape{.in = channels[i], .out = channels[i + 1], .kernel = 3, .padding = 1});
  }
  at::Tensor operator()(at::Tensor x) const {
    constexpr double kSlope = 0.1;
    for (const NormalizedConvolution& layer : layers_) x = at::leaky_relu(layer(x), kSlope);
    return x;
  }

 private:
  std::vector<NormalizedConvolution> layers_;
};

class FactorTransferPair {
 public:
  FactorTransferPair(LossParameters& parameters, const std::string& prefix, const ShapePair& pair, double share) {
    const int64_t ours = pair.student.second[0], theirs = pair.teacher.second[0];
    const int64_t factors = std::max<int64_t>(static_cast<int64_t>(share * static_cast<double>(theirs)), 1);
    encoder_ = FactorNetwork(parameters, prefix + "encoder", {theirs, theirs, factors, factors});
    decoder_ = FactorNetwork(parameters, prefix + "decoder", {factors, factors, theirs, theirs});
    translator_ = FactorNetwork(parameters, prefix + "translator", {ours, ours, factors, factors});
  }

  at::Tensor value(const FeaturePair& pair, const FactorTransferOptions& options, const at::Tensor& epochs) const {
    const at::Tensor factors = encoder_(pair.teacher);
    const at::Tensor reconstruction = (pair.teacher - decoder_(factors)).square().mean();
    const FeaturePair both = pooled_to_one_size({translator_(pair.student), factors.detach()});
    const at::Tensor difference = of_unit_length(both.student, options) - of_unit_length(both.teacher, options);
    return at::where(epochs.lt(options.paraphraser_epochs), reconstruction, distance(difference, options));
  }

 private:
  static at::Tensor of_unit_length(const at::Tensor& factors, const FactorTransferOptions& options) {
    return unit_vectors((options.form == FactorForm::map ? factors.square().mean(1) : factors).flatten(1));
  }
  static at::Tensor distance(const at::Tensor& difference, const FactorTransferOptions& options) {
    if (options.form == FactorForm::norm) return difference.norm(options.p, {1}).mean();
    return (options.p == 1 ? difference.abs() : difference.square()).mean();
  }

  FactorNetwork encoder_, decoder_, translator_;
};

class FactorTransfer : public Loss {
 public:
  explicit FactorTransfer(FactorTransferOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override {
    LossNeeds needs = comparing_examples(options_.needs());
    needs.epochs = true;
    return needs;
  }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    const std::vector<ShapePair> pairs = options_.of(shapes);
    require_maps(pairs);
    pairs_.clear();
    for (size_t i = 0; i < pairs.size(); ++i)
      pairs_.emplace_back(parameters, prefix_of_pair(i, pairs.size()), pairs[i], options_.factors);
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets) const override {
    size_t next = 0;
    return sum_over(options_.of(student, teacher),
                    [&](const FeaturePair& pair) { return pairs_.at(next++).value(pair, options_, targets.epochs); });
  }

 private:
  FactorTransferOptions options_;
  std::vector<FactorTransferPair> pairs_;
};

}  // namespace

void register_factor_transfer(Catalogue& catalogue) {
  catalogue.add<Loss, FactorTransferOptions>(
      Slot::loss,
      {.name = "factor_transfer",
       .aliases = {"ft"},
       .summary = "Factor transfer: the student learns the code of an autoencoder of the teacher's feature, which is "
                  "trained first.",
       .formula = "|u_s/|u_s| - u_t/|u_t||_p of the factors u, after epochs of (t - D(E(t)))^2; mean over examples",
       .source = "Kim et al. 2018, section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const FactorTransferOptions& options) { return std::make_unique<FactorTransfer>(options); });
}

}  // namespace limbeck

// Contrastive representation distillation: of a feature of the student it can be told which example the teacher's is
// of.
//   s_n = g_S(student's feature), t_n = g_T(teacher's feature): linear embeddings of length 1, D numbers, both trained
//   m^S_i, m^T_i: memory of both embeddings for each of the M training examples, of length 1
//   x(e, m) = exp(eᵀm / τ) / Z,   J_n: K_n examples of other classes,   c_n = K_n / M
//   ℓ(e, m, n) = −log (x(e, m_n) / (x(e, m_n) + c_n)) − Σ_{j ∈ J_n} log (c_n / (x(e, m_j) + c_n))
//   L = 1/N Σ_n (ℓ(s_n, m^T, n) + ℓ(t_n, m^S, n))
// Y. Tian, D. Krishnan, P. Isola, "Contrastive representation distillation", ICLR 2020, arXiv 1910.10699, section 3,
// with the memory, the constants Z = M · mean of exp(eᵀm / τ), one a side, of the first batch, and m_i ← the unit
// vector of μ m_i + (1 − μ) e_i after each step, of its code (after Wu et al. 2018, arXiv 1805.01978). The paper draws
// K = 16384 negatives for each example. Here the examples of a batch share K, the next ones of a random order of all,
// so that a step reads K rows and not N·K; of them, those of an example's own class, as far as labels were seen, and
// the example itself are left out for it. State: memories in float16, order, labels, Z and a counter, 4 D + 16 bytes
// for each example. Features that are pictures are averaged over their pixels.
//   loss: [ { crd: { weight: 0.8 } }, hard_labels ]

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "loss/loss_layers.h"
#include "loss/pooling.h"
#include "loss/relations.h"

namespace limbeck {
namespace {

struct CrdOptions : FeaturePairs {
  CrdOptions() : FeaturePairs(Places::embedding) {}
  int64_t negatives = 4096;
  int64_t dimension = 128;
  double temperature = 0.07;
  double momentum = 0.5;
  void bind(Fields& fields) {
    FeaturePairs::bind(fields);
    fields.integer("negatives", negatives, at_least(1), "K, of each step; 16384 for each example in the paper");
    fields.integer("dimension", dimension, at_least(1), "D, of the embeddings");
    fields.number("temperature", temperature, above(0), "of the similarities");
    fields.number("momentum", momentum, between(0, 1), "share of the old embedding in the memory's new one");
  }
};

/// One network's embedding, and the memory of it.
class RememberedEmbedding {
 public:
  RememberedEmbedding() = default;
  RememberedEmbedding(LossParameters& parameters, const std::string& whose, int64_t in, int64_t dimension,
                      int64_t examples)
      : layer_(parameters, whose + ".", in, dimension) {
    const at::Tensor drawn =
        parameters.initial_state({.shape = {examples, dimension}, .initial = Initial::small_normal});
    memory_ = parameters.keep("memory." + whose, unit_vectors(drawn).to(at::kHalf));
  }

  /// [N, D], of float32 at least.
  at::Tensor operator()(const at::Tensor& feature) const {
    const at::Tensor x = pooled_vector(feature);
    return unit_vectors(layer_(x.scalar_type() == at::kDouble ? x : x.to(at::kFloat)));
  }
  at::Tensor rows(const at::Tensor& ids, const at::Tensor& like) const {
    return memory_.index_select(0, ids).to(like.scalar_type());
  }
  void remember(const at::Tensor& ids, const at::Tensor& embedded, double momentum) const {
    const at::Tensor mixed = momentum * rows(ids, embedded) + (1 - momentum) * embedded.detach();
    memory_.index_copy_(0, ids, unit_vectors(mixed).to(memory_.scalar_type()));
  }

 private:
  LossLinear layer_;
  at::Tensor memory_;
};

class Crd : public Loss {
 public:
  explicit Crd(CrdOptions options) : options_(std::move(options)) {}

  LossNeeds needs() const override { return comparing_examples(options_.needs()); }

  void prepare(const LossShapes& shapes, LossParameters& parameters) override {
    const std::vector<ShapePair> pairs = options_.of(shapes);
    require_maps_or_vectors(pairs);
    if (pairs.size() != 1)
      throw Error(ErrorKind::usage,
                  fmt::format("the loss 'crd' compares one feature of each network; found {}", pairs.size()));
    examples_ = shapes.examples;
    negatives_ = std::min(options_.negatives, examples_);
    const auto& [student, teacher] = pairs.front();
    student_ = {parameters, "student", student.second[0], options_.dimension, examples_};
    teacher_ = {parameters, "teacher", teacher.second[0], options_.dimension, examples_};
    const at::Tensor drawn = parameters.initial_state({.shape = {examples_}});
    order_ = parameters.keep("order", at::argsort(drawn, /*stable=*/true, 0, /*descending=*/false));
    counter_ = parameters.keep("counter", at::zeros({1}, at::kLong));
    labels_ = parameters.keep("labels", at::full({examples_}, -1, at::kLong));
    constants_ = parameters.keep("constants", at::zeros({2}, at::kFloat));
  }

  at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets) const override {
    const FeaturePair pair = options_.of(student, teacher).front();
    const at::Tensor s = student_(pair.student), t = teacher_(pair.teacher);
    labels_.index_copy_(0, targets.ids, targets.labels);
    const Contrast contrast = next_contrast(targets, s.scalar_type());
    const at::Tensor value =
        contrasted(s, teacher_, contrast, /*side=*/0) + contrasted(t, student_, contrast, /*side=*/1);
    const at::NoGradGuard no_gradient;
    student_.remember(targets.ids, s, options_.momentum);
    teacher_.remember(targets.ids, t, options_.momentum);
    return value;
  }

 private:
  /// What the examples of a batch are compared with.
  struct Contrast {
    at::Tensor own;     ///< [N] ids
    at::Tensor others;  ///< [K] ids
    at::Tensor counts;  ///< [N, K] 1: a negative of the example, 0: not
    at::Tensor share;   ///< [N, 1] c_n
  };

  Contrast next_contrast(const Targets& targets, at::ScalarType type) const {
    const at::Tensor places = (counter_ + at::arange(negatives_, counter_.options())).remainder(examples_);
    const at::Tensor others = order_.index_select(0, places);
    counter_.add_(negatives_).remainder_(examples_);
    const at::Tensor own = targets.labels.unsqueeze(1), known = own.ge(0);
    const at::Tensor same = labels_.index_select(0, others).eq(own).logical_and(known);
    const at::Tensor counts = others.ne(targets.ids.unsqueeze(1)).logical_and(same.logical_not()).to(type);
    const auto examples = static_cast<double>(examples_);
    return {targets.ids, others, counts, counts.sum(1, /*keepdim=*/true) / examples};
  }

  /// The mean of ℓ over the examples.
  at::Tensor contrasted(const at::Tensor& embedded, const RememberedEmbedding& memory, const Contrast& contrast,
                        int64_t side) const {
    const at::Tensor own = (embedded * memory.rows(contrast.own, embedded)).sum(1, /*keepdim=*/true);
    const at::Tensor others = at::mm(embedded, memory.rows(contrast.others, embedded).t());
    const at::Tensor of_own = (own / options_.temperature).exp();        // [N, 1]
    const at::Tensor of_others = (others / options_.temperature).exp();  // [N, K]
    const at::Tensor constant = constant_of(of_own.detach(), of_others.detach(), contrast, side);
    const auto examples = static_cast<double>(examples_);
    const at::Tensor threshold = constant * contrast.share;  // Z c_n
    const at::Tensor divisor = constant * contrast.share.clamp_min(1 / examples);
    const at::Tensor each =
        (threshold / of_own).log1p() + (contrast.counts * (of_others / divisor).log1p()).sum(1, /*keepdim=*/true);
    return each.mean();
  }

  /// Z, estimated if this is the first batch.
  at::Tensor constant_of(const at::Tensor& of_own, const at::Tensor& of_others, const Contrast& contrast,
                         int64_t side) const {
    const at::Tensor kept = constants_.slice(0, side, side + 1);
    const at::Tensor sum = of_own.sum() + (of_others * contrast.counts).sum();
    const at::Tensor count = static_cast<double>(of_own.size(0)) + contrast.counts.sum();
    const at::Tensor constant =
        at::where(kept.gt(0), kept.to(sum.scalar_type()), static_cast<double>(examples_) * sum / count);
    kept.copy_(constant);
    return constant;
  }

  CrdOptions options_;
  int64_t examples_ = 0, negatives_ = 0;
  RememberedEmbedding student_, teacher_;
  at::Tensor order_, counter_, labels_, constants_;
};

}  // namespace

void register_crd(Catalogue& catalogue) {
  catalogue.add<Loss, CrdOptions>(
      Slot::loss,
      {.name = "crd",
       .summary = "Contrastive representation distillation: embeddings of an example by both networks are closer than "
                  "those of different ones.",
       .formula = "-log x_nn/(x_nn + c) - sum_j log c/(x_nj + c), x_nj = exp(s_n t_j / tau)/Z, over negatives j, and "
                  "the same with s and t exchanged; mean over examples",
       .source = "Tian et al. 2020, section 3",
       .principal = "from",
       .needs_teacher = true},
      [](const CrdOptions& options) { return std::make_unique<Crd>(options); });
}

}  // namespace limbeck

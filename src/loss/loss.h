#pragma once
// Distillation losses. A loss is a function of (student outputs, teacher outputs, targets): it sees neither networks
// nor files. It may have parameters of its own, which are trained with the student and belong to the training alone:
// kept in checkpoints, not in the student's file. A new loss is one new file in losses/: formula and citation, options,
// class, registration.
//
//   auto loss = catalogue.choose(Slot::loss, "soft_targets").make<Loss>();
//   at::Tensor value = loss->value(student, teacher, targets);   // scalar, mean over examples

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/parameter.h"
#include "nn/outputs.h"
#include "recipe/catalogue.h"

namespace limbeck {

/// Labels and ids of a batch's examples.
struct Targets {
  at::Tensor labels;  ///< [N] int64; −1: unlabelled
  at::Tensor ids;     ///< [N] int64
  at::Tensor
      partner_labels;  ///< [N] int64, of the examples that these are mixed with; undefined where nothing is mixed
  at::Tensor mix;      ///< [N] float, λ, the example's own share; undefined where nothing is mixed
};

/// Sums over the labels of a batch, of which a loss over labels is the quotient. A mixed example has two labels, its
/// own with weight λ and its partner's with 1 − λ; other examples have one of weight 1. A label that is not known has
/// weight 0, so that
///   Σ_n Σ_k w_nk L(z_n, y_nk) / Σ_n Σ_k w_nk
/// is the mean over the labelled examples, and that of λ L(y_i) + (1 − λ) L(y_j) where all are labelled.
struct LabelSums {
  at::Tensor cross_entropy;  ///< scalar, −Σ_n Σ_k w_nk log p_n[y_nk]
  at::Tensor weights;        ///< [N], Σ_k w_nk
};
/// log_p [N, C].
LabelSums label_sums(const at::Tensor& log_p, const Targets& targets);

/// What a loss reads, asked before the first batch.
struct LossNeeds {
  bool student_logits = true;
  bool teacher_logits = false;
  bool teacher_statistics = false;  ///< Loss::use is called before the first value()
  bool labels = false;
  bool chooses_examples = false;  ///< how many examples of a batch it computes with is found on the device
  bool community = false;         ///< the logits of the networks that are trained together with this one
  bool shapes = false;            ///< Loss::prepare is called before the first value()
  std::vector<std::string> student_taps;
  std::vector<std::string> teacher_taps;

  /// What another loss needs, too.
  void add(const LossNeeds& other);
};

/// Shapes of what a loss will be given, without the number of examples; known from a dry run.
struct LossShapes {
  Shape student_logits, teacher_logits;  ///< {10}; the teacher's empty where the stage has none
  std::map<std::string, Shape> student_features, teacher_features;  ///< of the taps: {64, 8, 8}
};
LossShapes shapes_of(const Outputs& student, const TeacherOutputs& teacher);

/// The feature of this name; Error where it is not among them. `whose`: "student", "teacher".
const at::Tensor& feature_of(const std::map<std::string, at::Tensor>& features, const std::string& name,
                             const char* whose);
const Shape& feature_of(const std::map<std::string, Shape>& features, const std::string& name, const char* whose);

/// Makes the parameters of one loss. Initial values are a function of (seed, place of the loss in the objective, place
/// of the parameter in the loss).
class LossParameters {
 public:
  LossParameters(uint64_t seed, size_t loss, at::Device device)
      : seed_(seed), loss_(static_cast<uint32_t>(loss)), device_(device) {}

  /// A new parameter, float32; the loss keeps the tensor and reads it in value().
  at::Tensor make(const ParameterDescription& description);
  const std::vector<Parameter>& all() const { return all_; }

 private:
  uint64_t seed_;
  uint32_t loss_;
  at::Device device_;
  std::vector<Parameter> all_;
};

/// How a divergence over [N, C] becomes one number, in PyTorch's words.
enum class Reduction {
  batchmean,  ///< summed over classes, averaged over examples
  mean,  ///< averaged over examples and classes: what several well-known repositories compute, smaller by a factor of C
};
/// The option `reduction`, which losses that offer both share.
void bind_reduction(Fields& fields, Reduction& reduction);
/// What a sum over [N, C] is multiplied by.
double reduction_factor(Reduction reduction, const at::Tensor& logits);

/// Throws Error unless teacher and student have logits of one shape: tensor operations would stretch one to the other.
void require_same_shape(const Outputs& student, const TeacherOutputs& teacher);

class Loss {
 public:
  virtual ~Loss() = default;
  virtual LossNeeds needs() const = 0;
  /// Called once before the first value() of a loss that needs teacher statistics.
  virtual void use(const TeacherStatistics&) {}
  /// Called once before the first value() of a loss that needs shapes: it makes its parameters, where it has some.
  /// Throws Error of kind usage where it cannot work on such shapes.
  virtual void prepare(const LossShapes&, LossParameters&) {}
  /// Scalar: the mean over the examples that the loss applies to, 0 where it applies to none.
  virtual at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets) const = 0;
};

}  // namespace limbeck

#pragma once
// Distillation losses. A loss is a function of (student outputs, teacher outputs, targets); it has no access to
// networks or files. It may have trainable parameters, which are optimized together with the student and saved in
// checkpoints, but not in the student's file. A new loss is one file: formula and citation, options, class,
// registration (catalogue.h). N examples, C classes.
//
//   auto loss = catalogue.choose(Slot::loss, "soft_targets").make<Loss>();
//   at::Tensor value = loss->value(student, teacher, targets);   // scalar, mean over examples
//
// Thread-safety: a loss belongs to the thread of its run; each run makes its own.

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "limbeck/catalogue.h"
#include "limbeck/outputs.h"
#include "limbeck/parameter.h"

namespace limbeck LIMBECK_API {

/// Labels and ids of a batch's examples.
struct Targets {
  at::Tensor labels;          ///< [N] int64; −1: unlabelled
  at::Tensor ids;             ///< [N] int64
  at::Tensor partner_labels;  ///< [N] int64, labels of the mixup partners; undefined without mixup
  at::Tensor mix;             ///< [N] float, λ, the weight of the example itself; undefined without mixup
  at::Tensor epochs;          ///< [] float32, epochs done, with fraction; undefined unless LossNeeds::epochs
};

/// Sums over the labels of a batch; a loss on labels is their quotient. An example mixed by mixup has two labels, its
/// own with weight λ and its partner's with 1 − λ; other examples have one of weight 1. Unknown labels have weight 0,
/// so that
///   Σ_n Σ_k w_nk L(z_n, y_nk) / Σ_n Σ_k w_nk
/// is the mean over the labelled examples, and with mixup the mean of λ L(y_i) + (1 − λ) L(y_j) if all are labelled.
struct LabelSums {
  at::Tensor cross_entropy;  ///< scalar, −Σ_n Σ_k w_nk log p_n[y_nk]
  at::Tensor weights;        ///< [N], Σ_k w_nk
};
/// log_p: log-probabilities [N, C].
LabelSums label_sums(const at::Tensor& log_p, const Targets& targets);

/// Inputs that a loss requires; queried before the first batch.
struct LossNeeds {
  bool student_logits = true;
  bool teacher_logits = false;
  bool teacher_statistics = false;  ///< Loss::use is called before the first value()
  bool labels = false;
  bool chooses_examples = false;   ///< the loss selects examples of the batch on the device, so the shapes depend on
                                   ///< data
  bool community = false;          ///< logits of the networks that are trained jointly with this one (co-distillation)
  bool shapes = false;             ///< Loss::prepare is called before the first value()
  bool epochs = false;             ///< Targets::epochs
  bool compares_examples = false;  ///< the value compares the examples of a batch, or takes its statistics: it is no
                                   ///< mean of a function of each
  std::vector<std::string> student_taps;
  std::vector<std::string> teacher_taps;

  /// Adds the needs of another loss.
  void add(const LossNeeds& other);
};

/// Shapes of the inputs of a loss, without the batch dimension; found by a dry run.
struct LossShapes {
  Shape student_logits, teacher_logits;  ///< {10}; the teacher's is empty if the stage has no teacher
  std::map<std::string, Shape> student_features, teacher_features;  ///< by tap: {64, 8, 8}
  int64_t examples = 0;                                             ///< ids of training examples are below this number
};
/// `examples` remains 0.
LossShapes shapes_of(const Outputs& student, const TeacherOutputs& teacher);

/// Returns the feature of this name. Throws Error if it is missing. `whose`: "student" or "teacher", for the message.
const at::Tensor& feature_of(const std::map<std::string, at::Tensor>& features, const std::string& name,
                             const char* whose);
const Shape& feature_of(const std::map<std::string, Shape>& features, const std::string& name, const char* whose);

/// Creates the parameters of one loss, and its non-trainable state. Initial values are a function of (seed, index of
/// the loss in the objective, index of the parameter or of the state in the loss).
class LossParameters {
 public:
  LossParameters(uint64_t seed, size_t loss, at::Device device)
      : seed_(seed), loss_(static_cast<uint32_t>(loss)), device_(device) {}

  /// Creates a float32 parameter; the loss keeps the tensor and reads it in value().
  at::Tensor make(const ParameterDescription& description);
  /// Adds state that is saved in checkpoints, but not trained, such as a memory of features: the loss keeps the tensor
  /// that is returned, on the device of the parameters, and writes to it in place in value().
  at::Tensor keep(const std::string& name, const at::Tensor& initial);
  /// Draws values for what is kept next, as those of a parameter are drawn, from streams of their own.
  at::Tensor initial_state(const ParameterDescription& description) const;
  const std::vector<Parameter>& all() const { return all_; }
  const std::vector<Parameter>& state() const { return state_; }

 private:
  uint64_t seed_;
  uint32_t loss_;
  at::Device device_;
  std::vector<Parameter> all_, state_;
};

/// How a divergence over [N, C] is reduced to a scalar; the names are PyTorch's.
enum class Reduction {
  batchmean,  ///< summed over classes, averaged over examples
  mean,       ///< averaged over examples and classes, as in several well-known repositories: smaller by a factor of C
};
/// Binds the option `reduction`, shared by the losses that offer both.
void bind_reduction(Fields& fields, Reduction& reduction);
/// Returns the factor that turns a sum over [N, C] into the reduced value.
double reduction_factor(Reduction reduction, const at::Tensor& logits);

/// Throws Error unless teacher and student logits have the same shape; otherwise tensor operations would broadcast
/// them.
void require_same_shape(const Outputs& student, const TeacherOutputs& teacher);

class Loss {
 public:
  virtual ~Loss() = default;
  virtual LossNeeds needs() const = 0;
  /// Called once before the first value() of a loss that needs teacher statistics.
  virtual void use(const TeacherStatistics&) {}
  /// Called once before the first value() of a loss that needs shapes; creates its parameters, if any. Throws Error of
  /// kind usage if the loss does not support these shapes.
  virtual void prepare(const LossShapes&, LossParameters&) {}
  /// Returns a scalar: the mean over the examples that the loss applies to, 0 if there are none.
  virtual at::Tensor value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets) const = 0;
};

}  // namespace LIMBECK_API

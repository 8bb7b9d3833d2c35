#pragma once
// The training objective: a weighted sum of losses, with schedules for the weights. Each term is also reported
// separately.
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "limbeck/loss.h"
#include "recipe/recipe.h"

namespace limbeck {

/// The weights of an objective's terms at one moment of training, and that moment.
struct TermWeights {
  std::vector<double> numbers;
  at::Tensor on_device = {};  ///< [terms] float32; if defined, used in place of the numbers
  at::Tensor epochs = {};     ///< Targets::epochs
};

/// How logits are standardized before a loss sees them: z' = (z − mean_c z) / (s + 1e-7), per example, of student and
/// teacher (Sun et al. 2024, "Logit standardization in knowledge distillation", arXiv 2403.01427). s: deviation of the
/// logits, of the population of classes (the paper's) or of a sample (divided by C − 1: its authors' code).
at::Tensor standardized(const at::Tensor& logits, Standardize by);

class Objective {
 public:
  /// Throws Error of kind usage if a term standardizes logits that its loss does not read.
  explicit Objective(const std::vector<LossTermRecipe>& terms);

  struct Value {
    at::Tensor total;                ///< scalar, Σ weight · term; for a Committee, summed over its members. Undefined
                                     ///< if the weights are on a device
    std::vector<at::Tensor> sums;    ///< the unweighted terms, with gradient, summed over the members
    std::vector<at::Tensor> terms;   ///< unweighted, in the order of names(); for a Committee, the mean over its
                                     ///< members
    std::vector<bool> needs_labels;  ///< per term: whether it is a mean over the labelled examples only
  };
  /// Returns for each term whether it reads the teacher, or the networks trained jointly: whether it distils.
  std::vector<bool> distils() const;
  /// Returns for each term whether it is a mean over the labelled examples only.
  std::vector<bool> needs_labels() const;

  /// If the student is a Committee (networks trained jointly), each member has its own loss, as if trained alone, with
  /// the logits of all members as its community.
  Value value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets,
              const TermWeights& weights) const;
  /// `epoch`: number of completed epochs, with fraction.
  TermWeights weights_at(double epoch) const;

  /// Passes the teacher's statistics to all losses. Call before the first value() if needs().teacher_statistics.
  void use(const TeacherStatistics& statistics);

  /// Lets the losses create their parameters. Call once before the first value() if needs().shapes.
  void prepare(const LossShapes& shapes, uint64_t seed, at::Device device);
  /// Parameters of all losses, e.g. "fitnet.weight". They are trained with the network and needed only for training.
  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// Non-trainable state of all losses, e.g. "crd.memory".
  const std::vector<Parameter>& state() const { return state_; }

  /// Names of the terms; repeated losses are numbered: "soft_targets", "soft_targets.2".
  const std::vector<std::string>& names() const { return names_; }
  /// Combined needs of all terms.
  LossNeeds needs() const;

 private:
  struct Term {
    std::unique_ptr<Loss> loss;
    WeightRecipe weight;
    Standardize standardize = Standardize::none;
    bool needs_labels = false;
  };
  std::vector<Term> terms_;
  std::vector<std::string> names_;
  std::vector<Parameter> parameters_, state_;
  bool reads_epochs_ = false;
};

/// "0.9 soft_targets (temperature 20) + 0.1 hard_labels"
std::string describe_objective(const std::vector<LossTermRecipe>& terms);

}  // namespace limbeck

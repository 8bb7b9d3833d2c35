#pragma once
// The training objective: a weighted sum of losses with their schedules. Every term is also reported on its own.
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "loss/loss.h"
#include "recipe/recipe.h"

namespace limbeck {

class Objective {
 public:
  explicit Objective(const std::vector<LossTermRecipe>& terms);

  struct Value {
    at::Tensor total;                ///< scalar, Σ weight · term; of a committee, summed over its members
    std::vector<at::Tensor> terms;   ///< unweighted, in the order of names(); of a committee, the members' mean
    std::vector<bool> needs_labels;  ///< per term: a mean over the labelled examples only
  };
  /// `epoch`: how many epochs are done, with fractions; the weights follow from it. Where the student is a committee,
  /// each member has its own value, as if it were alone, and sees the others as its community.
  Value value(const Outputs& student, const TeacherOutputs& teacher, const Targets& targets, double epoch) const;

  /// Passes the teacher's statistics to the losses that need them; to be called before the first value().
  void use(const TeacherStatistics& statistics);

  /// Lets the losses make their parameters. Called once before the first value(), where needs().shapes.
  void prepare(const LossShapes& shapes, uint64_t seed, at::Device device);
  /// Of all losses: "fitnet.weight". They are trained with the network and of no use without the objective.
  const std::vector<Parameter>& parameters() const { return parameters_; }

  /// Of the terms; a loss that stands twice is numbered: "soft_targets", "soft_targets.2".
  const std::vector<std::string>& names() const { return names_; }
  /// Whether its value is made by the same operations for all batches of one size, with weights that stay as they are.
  bool can_be_recorded() const;
  /// Of all terms together.
  LossNeeds needs() const;

 private:
  struct Term {
    std::unique_ptr<Loss> loss;
    WeightRecipe weight;
    bool needs_labels = false;
  };
  std::vector<Term> terms_;
  std::vector<std::string> names_;
  std::vector<Parameter> parameters_;
};

/// "0.9 soft_targets (temperature 20) + 0.1 hard_labels"
std::string describe_objective(const std::vector<LossTermRecipe>& terms);

}  // namespace limbeck

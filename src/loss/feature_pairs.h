#pragma once
// The features of teacher and student that a loss compares: those that the recipe names, or the natural ones of the two
// networks. Options of such a loss derive from FeaturePairs, which is where others find its features by a dynamic_cast.
//
//   struct MyOptions : FeaturePairs {
//     MyOptions() : FeaturePairs(Places::last) {}
//     void bind(Fields& fields) { FeaturePairs::bind(fields); … }
//   };
//
// Thread-safety: a value.
#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "limbeck/loss.h"

namespace limbeck {

/// The places that a loss takes where the recipe names none.
enum class Places {
  stages,     ///< the ends of all groups of blocks, where both networks have the same height and width
  middle,     ///< of these the middle one
  last,       ///< of these the last one: the feature before pooling
  embedding,  ///< the vector before the classifier
};

/// The features of a network in its order, by name, with their shapes without the batch dimension.
using FeatureShapes = std::vector<std::pair<std::string, Shape>>;

/// One compared feature of the two networks: names and shapes.
struct ShapePair {
  std::pair<std::string, Shape> student, teacher;
};
/// One compared feature of a batch; the teacher's has no gradient.
struct FeaturePair {
  at::Tensor student, teacher;
};

/// The needs of a loss that compares the examples of a batch, or normalizes by its statistics.
inline LossNeeds comparing_examples(LossNeeds needs) {
  needs.compares_examples = true;
  return needs;
}

class FeaturePairs {
 public:
  explicit FeaturePairs(Places places) : places_(places) {}
  void bind(Fields& fields);

  /// Whether the recipe names neither, so that choose() must be called before anything below.
  bool are_open() const { return from_.empty() && to_.empty(); }
  /// Chooses the natural pairs of two networks with these features. Architectures of ours name the ends of their
  /// groups layer1 … layerN, and the vector before the classifier pool; of other networks, a group ends with the last
  /// feature of its height and width. Throws Error of kind usage if the networks have no such places.
  void choose(const FeatureShapes& student, const FeatureShapes& teacher);
  /// Compares the features of these names, in this order. Throws Error of kind usage unless there are as many of each.
  void choose(std::vector<std::string> to, std::vector<std::string> from);

  /// Names of the teacher's features, and of the student's: if only one list is given, the other has the same names.
  const std::vector<std::string>& from() const { return from_.empty() ? to_ : from_; }
  const std::vector<std::string>& to() const { return to_.empty() ? from_ : to_; }

  /// What a loss needs that reads these features and nothing else.
  LossNeeds needs() const;
  std::vector<ShapePair> of(const LossShapes& shapes) const;
  std::vector<FeaturePair> of(const Outputs& student, const TeacherOutputs& teacher) const;

  /// "layer3 (64x8x8) -> layer2 (32x16x16)": the teacher's and the student's.
  std::string text(const FeatureShapes& student, const FeatureShapes& teacher) const;

 private:
  Places places_;
  std::vector<std::string> from_, to_;
};

/// Throws Error of kind usage unless all features are maps [channels, height, width].
void require_maps(const std::vector<ShapePair>& pairs);
/// Throws Error of kind usage unless all features are maps [channels, height, width] or vectors.
void require_maps_or_vectors(const std::vector<ShapePair>& pairs);
/// Throws Error of kind usage unless teacher and student have as many channels.
void require_equal_channels(const std::vector<ShapePair>& pairs);

/// Weights of the pairs in the sum over them.
enum class PairWeights {
  equal,     ///< 1
  doubling,  ///< 2^(j−n+1) for pair j of n, from 0: that of the last one is 1
};
/// Binds the option `layers`.
void bind_pair_weights(Fields& fields, PairWeights& weights);
double pair_weight(PairWeights weights, size_t pair, size_t pairs);

/// Σ_j loss(pair j).
at::Tensor sum_over(const std::vector<FeaturePair>& pairs, const std::function<at::Tensor(const FeaturePair&)>& loss);

}  // namespace limbeck

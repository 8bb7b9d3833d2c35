#pragma once
// Groups classes for specialists: classes that the generalist confuses (Hinton, Vinyals, Dean 2015, section 5.1).
//
//   1. Σ [C, C] is the covariance of the generalist's distributions over the training examples.
//   2. Class c is described by column c of Σ, without the diagonal, scaled to unit length. (Variances are much larger
//      than covariances: without this, distances between columns say which classes the generalist is sure of, not
//      which it confuses.)
//   3. Online K-means (MacQueen 1967) over the columns: each column moves its nearest center by
//      1/(columns assigned to that center) of the distance.
//
//   const ClassGroups groups = group_classes(covariance_of(probabilities), {.groups = 20, .size = 10}, seed);

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace limbeck {

struct GroupingOptions {
  int64_t groups = 10;
  int64_t size = 0;     ///< classes per group, those nearest to its center, which groups may share; 0: each class is in
                        ///< the group of its nearest center
  int64_t passes = 20;  ///< passes over the columns
  int64_t starts = 10;  ///< restarts from other centers; the one closest to the columns is kept, preferably without
                        ///< groups of a single class
};

struct ClassGroups {
  std::vector<std::vector<int64_t>> groups;  ///< sorted classes of each group
  std::vector<int64_t> nearest;              ///< for each class, the group of its nearest center
};

/// Returns the covariance [C, C] float64 of probabilities [n, C].
at::Tensor covariance_of(const at::Tensor& probabilities);

/// Groups the classes. Centers are initialized by k-means++ (Arthur, Vassilvitskii 2007); columns are visited in random
/// order. Throws Error of kind usage for more groups than classes, a size above the number of classes, or a group with
/// fewer than two classes.
ClassGroups group_classes(const at::Tensor& covariance, const GroupingOptions& options, uint64_t seed);

/// Returns the adjusted Rand index of two partitions: 0 expected by chance, 1 if identical (Hubert, Arabie 1985).
double adjusted_rand_index(const std::vector<int64_t>& first, const std::vector<int64_t>& second);

}  // namespace limbeck

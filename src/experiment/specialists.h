#pragma once
// Training data, initialization and evaluation of specialists (stages/specialists.cpp).
#include <ATen/core/Tensor.h>

#include "data/example_set.h"
#include "experiment/specialist_groups.h"
#include "nn/network.h"
#include "results/stage_parts.h"

namespace limbeck {

/// Targets for examples outside a specialist's classes: the dustbin class, or the soft targets of the stage's teacher,
/// by a loss that applies to unlabelled examples.
enum class SpecialistTargets { dustbin, full };

/// The training set of a group's specialist: all examples of its classes and equally many others (or all, if there are
/// fewer), drawn once.
struct SpecialistExamples {
  ExampleSet examples;  ///< labels: index within the group, or, for others, the dustbin, the index after the last; with
                        ///< full targets, the original classes, and −1 for others
  double others_offset = 0;  ///< correction of the others' logits after training: log of how much the group was
                             ///< oversampled
};
/// Throws Error of kind usage if one of the classes has no examples, or if there are no other examples.
SpecialistExamples specialist_examples(const ExampleSet& train, const std::vector<int64_t>& group,
                                       SpecialistTargets targets, uint64_t seed, int64_t k,
                                       const std::vector<std::string>& classes);

/// Copies the generalist's weights, except those of the output layer if there is a dustbin.
void start_from(GraphNetwork& specialist, const GraphNetwork& generalist, SpecialistTargets targets);

/// Evaluates the specialists on the test examples. Conditional accuracy: over each specialist's test examples, choosing
/// among its classes only. Coverage: number of specialists that cover an example's class. adjusted_rand_index: of the
/// groups of nearest centers with the data's superclasses; none without superclasses.
SpecialistsPart measure_specialists(const Dataset& dataset, const ClassGroups& groups, const at::Tensor& labels,
                                    const at::Tensor& generalist_logits, const at::Tensor& logits);

/// Returns the groups with their class names, and the table of gains by coverage, as lines of text.
std::string specialists_table(const SpecialistsPart& part);

}  // namespace limbeck

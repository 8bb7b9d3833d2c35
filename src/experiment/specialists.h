#pragma once
// What specialists are trained on, what they begin with, and what they are worth (stages/specialists.cpp).
#include <ATen/core/Tensor.h>

#include "data/dataset.h"
#include "experiment/specialist_groups.h"
#include "nn/network.h"
#include "results/stage_parts.h"

namespace limbeck {

/// What a specialist is taught of examples that are not of its classes: that they belong in its dustbin, or what the
/// stage's teacher says of them, by a loss that applies to unlabelled examples.
enum class SpecialistTargets { dustbin, full };

/// What the specialist of a group is trained on: all examples of its classes, and as many others, drawn once (fewer
/// where there are fewer).
struct SpecialistExamples {
  ExampleSet examples;  ///< labels: places in the group and, for others, the dustbin, one above; with full targets the
                        ///< classes, and −1
  double dustbin_offset =
      0;  ///< for the dustbin's logit afterwards: log of how many times more often than the others the group was seen
};
/// Throws Error of kind usage where there are no examples of one of the classes, or no others.
SpecialistExamples specialist_examples(const ExampleSet& train, const std::vector<int64_t>& group,
                                       SpecialistTargets targets, uint64_t seed, int64_t k,
                                       const std::vector<std::string>& classes);

/// Copies the generalist's weights; where there is a dustbin, all but those of the output layer.
void start_from(GraphNetwork& specialist, const GraphNetwork& generalist, SpecialistTargets targets);

/// What the specialists are worth on the test examples. Conditional accuracy: over each specialist's test examples,
/// choosing among its classes alone. Coverage: how many specialists know an example's class. adjusted_rand_index: of
/// the groups of nearest centres with the data's superclasses; none without.
SpecialistsPart measure_specialists(const Dataset& dataset, const ClassGroups& groups, const at::Tensor& labels,
                                    const at::Tensor& generalist_logits, const at::Tensor& logits);

/// The groups with their classes' names, and the table of gains by coverage, as lines.
std::string specialists_table(const SpecialistsPart& part);

}  // namespace limbeck

#pragma once
// What a run does with recordings beyond training on their frames: a network gives the frames their labels, and words
// are decoded from what networks say of the frames.
#include <ATen/core/Tensor.h>

#include "core/files.h"
#include "data/dataset.h"
#include "nn/network.h"
#include "results/metrics.h"

namespace limbeck {

/// Labels of all frames of the splits, [F] int64.
struct FrameLabels {
  at::Tensor train, test;
  bool aligned = false;  ///< by a network; false: as the data set came
};

void save_labels(const fs::path& file, const FrameLabels& labels, const Dataset& dataset);
/// Throws Error where the file holds the labels of other recordings, or of these with other features, or what is no
/// state of theirs.
FrameLabels load_labels(const fs::path& file, const Dataset& dataset);
std::string fingerprint_of(const FrameLabels& labels);

/// The labels on the most probable ways through the recordings' words, by a network that was trained on others: of both
/// splits, since the words of both are known; priors and durations are those of the training frames.
FrameLabels align_frames(const Dataset& dataset, const FrameLabels& labels, const Network& network, at::Device device);
/// By split, the part of the frames whose labels differ.
Named<double> changed_labels(const FrameLabels& before, const FrameLabels& after);

/// {"word_error_rate", "words": {…}}, and where there are strings {"string_word_error_rate", "string_words": {…,
/// "word_penalty"}}; test_logits: of all test frames. See WordErrors.
Metrics word_metrics(const Dataset& dataset, const FrameLabels& labels, const Network& network,
                     const at::Tensor& test_logits);

}  // namespace limbeck

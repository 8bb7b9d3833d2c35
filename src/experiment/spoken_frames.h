#pragma once
// Speech recognition: forced alignment of frame labels by a network, and decoding of words from the networks' frame
// outputs.
#include <ATen/core/Tensor.h>

#include "core/files.h"
#include "limbeck/dataset.h"
#include "nn/network.h"
#include "results/metrics.h"

namespace limbeck {

/// Labels of all frames of the splits, [F] int64.
struct FrameLabels {
  at::Tensor train, test;
  bool aligned = false;  ///< by a network; false: original labels of the dataset
};

void save_labels(const fs::path& file, const FrameLabels& labels, const Dataset& dataset);
/// Loads labels. Throws Error if the file belongs to other recordings or other features, or contains invalid states.
FrameLabels load_labels(const fs::path& file, const Dataset& dataset);
std::string fingerprint_of(const FrameLabels& labels);

/// Returns the labels of the most probable paths through the recordings' words (forced alignment), by a network trained
/// on `labels`. Aligns both splits, since their words are known; priors and durations are estimated on the training
/// frames.
FrameLabels align_frames(const Dataset& dataset, const FrameLabels& labels, const Network& network, at::Device device);
/// Returns the fraction of frames whose labels differ, by split.
Named<double> changed_labels(const FrameLabels& before, const FrameLabels& after);

/// Returns {"word_error_rate", "words": {…}}, and, if there are strings, {"string_word_error_rate", "string_words": {…,
/// "word_penalty"}}; test_logits: of all test frames. See WordErrors.
Metrics word_metrics(const Dataset& dataset, const FrameLabels& labels, const Network& network,
                     const at::Tensor& test_logits);

}  // namespace limbeck

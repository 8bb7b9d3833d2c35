#pragma once
// Data sets: splits stored as compact tensors. A data set of one's own is a function that returns one:
//
//   catalogue.add<Dataset, NoOptions, const DataFolders&>(
//       Slot::data, {.name = "mine", .summary = "Sensor readings."}, [=](const NoOptions&, const DataFolders&) {
//         auto data = std::make_unique<Dataset>();
//         data->name = "mine";
//         data->classes = {"idle", "busy"};
//         data->train = {.inputs = readings, .labels = labels};   // [N, 64] float32, [N] int64
//         data->test = {.inputs = test_readings, .labels = test_labels};
//         data->scale = 1;                                        // networks see the numbers as they are
//         return data;
//       });
//
// Thread-safety: a Dataset is a value; several threads may read one that none of them changes.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "limbeck/api.h"
#include "limbeck/data_folders.h"

namespace limbeck LIMBECK_API {

/// Context window for examples that are rows of a longer sequence, such as frames of recordings. Example i consists of
/// the rows i − before … i + after, clamped to [first[i], last[i]], so that the boundary rows are repeated.
///
/// An example may exist in several versions, such as a recording and its augmented copies, which have rows of their
/// own: version v of example i is the row row[v·N + i], clamped to first[v·N + i] and last[v·N + i]. Version 0 is the
/// example where no augmentation chooses another.
struct RowContext {
  int64_t before = 0, after = 0;
  at::Tensor first, last;  ///< [versions · N] int32; undefined: no context, an example is one row
  at::Tensor row;          ///< [versions · N] int32; undefined: example i is row i
  int64_t versions = 1;

  bool defined() const { return first.defined(); }
};

struct Split {
  at::Tensor inputs;  ///< images [N, C, H, W] uint8; other inputs [N, …] float32; on the CPU
  at::Tensor labels;  ///< [N] int64 in {0, …, classes − 1}; −1: unlabelled
  RowContext context = {};
  bool mapped = false;  ///< the inputs are in a memory-mapped file, whose pages the system can reclaim

  int64_t size() const { return labels.size(0); }
};

struct SpeechCorpus;  // of recordings

struct Dataset {
  std::string name;
  std::vector<std::string> classes;
  Split train;
  Split test;
  double scale = 1.0 / 255;  ///< networks see input · scale: pixels from 0 to 1; 1 for inputs that are no pixels
  std::vector<double> mean,
      deviation;  ///< usual normalization of this data set, per channel, for scaled pixels; empty: none
  std::vector<std::string> notices;            ///< messages for the user from loading, to be emitted as Notice
  std::vector<int64_t> superclasses;           ///< superclass of each class; empty: none
  std::shared_ptr<const SpeechCorpus> speech;  ///< words and utterances of the frames; nullptr: not speech

  /// Shape of one example: {1, 28, 28}; for frames with context, {26, 40}.
  std::vector<int64_t> input_shape() const;
  /// Fingerprint of all inputs and labels of both splits.
  std::string fingerprint() const;
};

}  // namespace LIMBECK_API

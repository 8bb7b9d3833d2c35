#pragma once
// Networks of any kind, to run them on tensors: without the checks of a data set, and ONNX files by LibTorch.
//
//   const Model model = load_runnable("teacher.onnx", {}, {.example = {3, 224, 224}});
//   const Outputs outputs = infer(*model.network, inputs, {.taps = {"layer3"}});
#include "models/model.h"

namespace limbeck {

struct RunnableOptions {
  Shape example;  ///< shape of one input
  bool prepared =
      false;  ///< inputs are prepared by the network's own resizing and normalization; else go in as they are
};

/// Loads a file of weights, or a program in any format. `input`: preprocessing of a file that Limbeck did not write.
/// Throws Error if the network does not take such inputs.
Model load_runnable(const fs::path& file, const InputOptions& input, const RunnableOptions& options);

/// The same, of a network that brings its weights, as in a recipe: `{ onnx: { file: m.onnx, layout: nhwc } }`.
Model make_runnable(const Choice& network, const InputOptions& input, const RunnableOptions& options);

}  // namespace limbeck

#pragma once
// ONNX files as TorchScript programs (program_builder.h): what holds for TorchScript files then holds for them. Opsets
// 7 to 22; which operations: docs/onnx-operations.md.
//
//   const TranslatedOnnx read = read_onnx_program(read_file("model.onnx"), "model.onnx", {3, 224, 224});
//
// Initializers with numbers, of at least one axis, that go into sums, products and the like are parameters under their
// names (characters that TorchScript cannot keep become '_'); running means and variances are buffers; all else is
// constant. Weights that share an initializer because they are equal, as before training, are separated
// (onnx_weights.h). Batch normalization and dropout follow the module's mode. Each value of the graph that has a row of
// numbers for each example is a feature under its name. Numbers in 16 bits become float32. Outputs are those of
// ProgramBuilder.
//
// A file is translated by way of examples: two small batches tell what follows the number of examples and what does
// not. If and Loop are written out where their conditions are known; control flow by what the input holds, sequences
// and text are refused. Weights of a file that was made for one example at a time take batches too, where its reshapes
// say so.
//
// Thread-safety: several threads may read.
#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "core/files.h"
#include "limbeck/graph.h"

namespace limbeck {

struct TranslatedOnnx {
  torch::jit::Module module;
  std::string graph;        ///< graph_without_weights: the names of its weights are those of the module's tensors
  std::string only_output;  ///< the name of what is returned alone; empty if there are several outputs
};

/// content: of the file; file: its path, beside which external data lies; example: the shape of one example, for
/// extents that the file leaves open (empty if it leaves none). The program takes float inputs, of which those for
/// bytes are in [0, 1]. Throws Error that names the file, the node and what was expected.
TranslatedOnnx read_onnx_program(const std::string& content, const fs::path& file, const Shape& example);

struct OnnxExample {
  at::Tensor tensor;
  bool is_constant = false;  ///< the program is made for this value
};
/// A program of any number of inputs, made for inputs of the shapes and types of the examples, given in the order of
/// the file's inputs; those that are constant are no inputs of the program.
torch::jit::Module read_onnx_function(const std::string& content, const fs::path& file,
                                      const std::vector<OnnxExample>& examples);

}  // namespace limbeck

#pragma once
// What goes into a program of torch.export, and what comes out.
#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

#include "programs/exported_json.h"

namespace limbeck {

struct ExportedInput {
  std::string kind;      ///< "parameter", "buffer", "tensor_constant", "user_input" or "constant_input"
  std::string value;     ///< its name in the graph
  std::string target;    ///< of a tensor: its name in the module
  c10::IValue constant;  ///< of a constant input
};

struct ExportedOutput {
  std::string kind;    ///< "user_output" or "buffer_mutation"; others do not matter
  std::string value;   ///< its name in the graph; empty: a constant
  std::string target;  ///< of a buffer_mutation: the buffer
};

struct ExportedSignature {
  std::vector<ExportedInput> inputs;
  std::vector<ExportedOutput> outputs;
  std::vector<std::string> output_names;  ///< of the user_outputs: "logits", "0", "hidden.1"
};

/// Of a graph_module. Throws Error if it is none, or has inputs or outputs that no network has: gradients, objects.
ExportedSignature signature_of(const ExportedJson& graph_module);

}  // namespace limbeck

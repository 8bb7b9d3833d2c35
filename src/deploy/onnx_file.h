#pragma once
// Reads inputs, outputs and metadata of an ONNX file without running it.
#include <map>
#include <string>

#include "core/files.h"
#include "limbeck/graph.h"
#include "programs/program_options.h"

namespace limbeck {

struct OnnxFile {
  /// Metadata of files that Limbeck writes: which output is read, and "logits", "probabilities" or "sigmoid".
  static constexpr const char *kOutput = "limbeck.output", *kReturns = "limbeck.returns";

  std::string input;         ///< name of its only input [batch, …]
  Shape input_shape;         ///< of one example; 0 for a dynamic dimension
  bool takes_bytes = false;  ///< true: uint8, false: float32
  std::string output;        ///< name of the output that is read: what the metadata says, or else the first
  int outputs = 1;           ///< how many outputs it has
  ReturnedValues returns = ReturnedValues::logits;
  int64_t classes = 0;     ///< 0 if unknown
  int64_t parameters = 0;  ///< number of elements in its constants, scalars excluded
  std::map<std::string, std::string> metadata;
};

/// Parses the content of a file. Throws Error, with `name`, if it is damaged or its input is not a single batch of
/// float32 or uint8.
OnnxFile parse_onnx(const std::string& content, const std::string& name);

}  // namespace limbeck

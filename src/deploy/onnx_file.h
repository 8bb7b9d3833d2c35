#pragma once
// What an ONNX file says of itself, read without running anything.
#include <map>
#include <string>

#include "core/files.h"
#include "nn/graph.h"

namespace limbeck {

struct OnnxFile {
  std::string input;         ///< name of its only input [batch, …]
  Shape input_shape;         ///< of one example; 0 where it is open
  bool takes_bytes = false;  ///< uint8, else float32
  std::string output;        ///< name of its first output
  bool gives_probabilities = false;
  int64_t classes = 0;     ///< 0 where it does not say
  int64_t parameters = 0;  ///< numbers in its constants of one dimension and more
  std::map<std::string, std::string> metadata;
};

/// Throws Error that names the file where it is damaged, or takes something else than one batch of float32 or uint8.
OnnxFile parse_onnx(const std::string& content, const std::string& name);

}  // namespace limbeck

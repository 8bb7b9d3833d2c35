// In the place of all that reads ONNX files as programs, in a build without libonnx.
#include <torch/script.h>

#include "core/parts.h"
#include "programs/onnx_program.h"

namespace limbeck {

TranslatedOnnx read_onnx_program(const std::string&, const fs::path&, const Shape&) {
  throw left_out("ONNX", "LIMBECK_ONNX");
}
torch::jit::Module read_onnx_function(const std::string&, const fs::path&, const std::vector<OnnxExample>&) {
  throw left_out("ONNX", "LIMBECK_ONNX");
}

}  // namespace limbeck

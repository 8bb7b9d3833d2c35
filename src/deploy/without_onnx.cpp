// In the place of all that reads, writes and runs ONNX files, in a build without libonnx.
#include "core/parts.h"
#include "deploy/onnx.h"
#include "deploy/onnx_file.h"
#include "deploy/onnxruntime.h"

namespace limbeck {
namespace {

Error no_onnx() {
  return left_out("ONNX", "LIMBECK_ONNX");
}

}  // namespace

bool writes_onnx() {
  return false;
}
std::string to_onnx(const Network&, const Shape&, const OnnxOptions&) {
  throw no_onnx();
}
OnnxFile parse_onnx(const std::string&, const std::string&) {
  throw no_onnx();
}

std::optional<std::string> onnxruntime_version() {
  return std::nullopt;
}
const char* how_to_get_onnxruntime() {
  return "this limbeck was built without ONNX (LIMBECK_ONNX=OFF)";
}

struct OnnxSession::State {};
OnnxSession::OnnxSession(const std::string&, OnnxSessionOptions) {
  throw no_onnx();
}
OnnxSession::~OnnxSession() = default;
at::Tensor OnnxSession::run(const std::string&, const at::Tensor&, const std::string&) const {
  throw no_onnx();
}

}  // namespace limbeck

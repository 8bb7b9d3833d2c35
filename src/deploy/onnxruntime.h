#pragma once
// ONNX files run by onnxruntime, whose shared library is opened where the machine has one, when it is first needed: in
// a program that is built without it.
//
//   OnnxSession session(read_file("student.onnx"), {.name = "student.onnx", .threads = 1});
//   at::Tensor logits = session.run("input", pixels, "logits");
//
// The library is looked for at LIMBECK_ONNXRUNTIME (itself, or a folder that holds it, such as the npm package
// onnxruntime-node or an unpacked release), then where the system's loader finds libonnxruntime.so.1, then in the
// folder that the build was given (LIMBECK_ONNXRUNTIME of CMake: where the tests have theirs). Its functions are called
// by their places in the table OrtApi, which onnxruntime keeps from version to version
// (docs/decisions/0015-onnxruntime.md).
#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>

namespace limbeck {

/// Its version, "1.30.0"; nullopt where there is none that can be opened.
std::optional<std::string> onnxruntime_version();

/// The folder that the build was given.
const char* onnxruntime_folder();

/// What to do where there is none.
const char* how_to_get_onnxruntime();

struct OnnxSessionOptions {
  std::string name = {};  ///< of the model, for messages
  int threads = 1;
};

class OnnxSession {
 public:
  /// Throws Error where there is no onnxruntime, or it refuses the model.
  OnnxSession(const std::string& model, OnnxSessionOptions options);
  ~OnnxSession();
  OnnxSession(const OnnxSession&) = delete;
  OnnxSession& operator=(const OnnxSession&) = delete;

  /// The float32 output of that name, of an input of float32 or uint8 on the CPU. Threads may call it at once.
  at::Tensor run(const std::string& input_name, const at::Tensor& input, const std::string& output_name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace limbeck

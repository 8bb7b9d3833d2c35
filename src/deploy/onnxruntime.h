#pragma once
// Runs ONNX models with ONNX Runtime. The shared library is loaded at run time (dlopen) on first use; the build does
// not depend on it.
//
//   OnnxSession session(read_file("student.onnx"), {.name = "student.onnx", .threads = 1});
//   at::Tensor logits = session.run("input", pixels, "logits");
//
// Search order: the environment variable LIMBECK_ONNXRUNTIME (the library, or a folder that contains it, such as the
// npm package onnxruntime-node or an unpacked release), then libonnxruntime.so.1 as found by the system's loader, then
// the folder given at build time (CMake's LIMBECK_ONNXRUNTIME, used by the tests). Functions are called by their
// offsets in the struct OrtApi, which are stable across versions (docs/decisions/0015-onnxruntime.md).
#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>

namespace limbeck {

/// Returns the version, "1.30.0"; nullopt if no library can be loaded.
std::optional<std::string> onnxruntime_version();

/// Returns the folder given at build time.
const char* onnxruntime_folder();

/// Returns instructions for users without ONNX Runtime.
const char* how_to_get_onnxruntime();

struct OnnxSessionOptions {
  std::string name = {};  ///< of the model, for error messages
  int threads = 1;
};

class OnnxSession {
 public:
  /// `model`: content of the file. Throws Error if ONNX Runtime is missing or rejects the model.
  OnnxSession(const std::string& model, OnnxSessionOptions options);
  ~OnnxSession();
  OnnxSession(const OnnxSession&) = delete;
  OnnxSession& operator=(const OnnxSession&) = delete;

  /// Returns the float32 output `output_name` for a float32 or uint8 input on the CPU. Thread-safe.
  at::Tensor run(const std::string& input_name, const at::Tensor& input, const std::string& output_name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace limbeck

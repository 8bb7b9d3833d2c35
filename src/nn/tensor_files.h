#pragma once
// One tensor in a file, NumPy's .npy or .safetensors, by the end of the file's name.
//
//   at::Tensor logits = read_tensor_file("z.npy");
//   logits = read_tensor_file("outputs.safetensors:student");   // one of several tensors
//   write_tensor_file("gradient.npy", gradient);

#include <ATen/core/Tensor.h>

#include <string>

#include "core/files.h"

namespace limbeck {

/// Where a tensor is kept.
struct TensorPlace {
  enum class Format { npy, safetensors };
  fs::path file;
  Format format = Format::npy;
  std::string name;  ///< of the tensor in a .safetensors file; empty: the only one
};

/// "z.npy", "file.safetensors" or "file.safetensors:name". Anything else is an Error of kind usage.
TensorPlace tensor_place(const std::string& spec);

/// Own memory, on the CPU. A file of several tensors without a name, or without the tensor of that name, is an Error
/// that lists those that there are.
at::Tensor read_tensor_file(const std::string& spec);

/// Writes atomically, copying to the CPU where needed; in a .safetensors file the tensor is named "tensor".
void write_tensor_file(const fs::path& path, const at::Tensor& tensor);

}  // namespace limbeck

#pragma once
// Reads and writes a single tensor as NumPy's .npy or .safetensors, chosen by the file name's extension.
//
//   at::Tensor logits = read_tensor_file("z.npy");
//   logits = read_tensor_file("outputs.safetensors:student");   // one of several tensors
//   write_tensor_file("gradient.npy", gradient);

#include <ATen/core/Tensor.h>

#include <string>

#include "core/files.h"

namespace limbeck {

/// The location of a tensor.
struct TensorPlace {
  enum class Format { npy, safetensors };
  fs::path file;
  Format format = Format::npy;
  std::string name;  ///< of the tensor in a .safetensors file; empty: the only one
};

/// Parses "z.npy", "file.safetensors" or "file.safetensors:name". Throws Error of kind usage for anything else.
TensorPlace tensor_place(const std::string& spec);

/// Reads a tensor to the CPU; it owns its memory. Throws Error that lists the file's tensors if the named one is
/// missing, or if there are several and no name is given.
at::Tensor read_tensor_file(const std::string& spec);

/// Writes a tensor atomically, copying to the CPU if needed; in a .safetensors file it is named "tensor".
void write_tensor_file(const fs::path& path, const at::Tensor& tensor);

}  // namespace limbeck

#pragma once
// Reads programs of torch.export.save (.pt2) as TorchScript programs, so that all that holds for those holds for them:
// weights are trained, saved and resumed, programs move to devices, are frozen and exported.
//
//   torch::jit::Module module = read_exported_program(read_file("model.pt2"), "model.pt2");
//
// The program takes one tensor; other arguments must have been constants when it was exported. It returns what the
// program returned: a tensor, or a dict of several by their keys, or by their places ("0", "1", …; "hidden.0" within
// others). The outputs of its modules are features, by module path (program_builder.h). Parameters and buffers have
// their own names.
//
// Batch norm, dropout and recurrent layers follow the mode of the module, however the program was exported. Buffers
// that the program changes are written back. Operations that this LibTorch lacks are written by others where that gives
// the same; tensors are made where the input is.
#include <string>

#include "core/files.h"

namespace torch::jit {
struct Module;
}

namespace limbeck {

/// Reads a program from a file's content; file: its path, for messages. Throws Error that names the file, the node and
/// what was expected: if the archive is truncated or damaged, the JSON describes no program, a tensor lies outside of
/// the file's bytes, the program has several inputs, or an operation is not known to this LibTorch.
///
/// Such a program can do everything that LibTorch's operations can: use only files from trusted sources.
torch::jit::Module read_exported_program(const std::string& content, const fs::path& file);

}  // namespace limbeck

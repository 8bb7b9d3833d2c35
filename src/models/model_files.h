#pragma once
// The names by which users call a trained network, and the file that each of them means.
#include <optional>

#include "core/files.h"

namespace limbeck {

/// weights.safetensors, model.pt, student.onnx    the file itself
/// RUN/stages/NAME, RUN/NAME                       what that stage has left
/// student.json                                    the weights beside it that it describes
///
/// Throws Error where there is no such file, and of kind usage for the folder of a run with several networks, which it
/// lists.
fs::path model_file(const fs::path& name);

/// The file of weights or the program that an ONNX file was made from, where it lies beside it or in a stage's folder
/// beside it.
std::optional<fs::path> made_from(const fs::path& onnx_file);

/// Throws Error where the file is ONNX: what is_wanted ("export") needs to know a network's layers. It names the file
/// that this one was made from, if that is to be found.
void refuse_onnx(const fs::path& file, const std::string& what);

}  // namespace limbeck

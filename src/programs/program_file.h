#pragma once
// Files of programs, in any format, as TorchScript. The format is told by the content.
//
//   const ProgramFile file = read_program_file("teacher.onnx", ProgramFormat::onnx, {3, 224, 224});
#include <map>
#include <optional>
#include <string>

#include "core/files.h"
#include "limbeck/graph.h"

namespace limbeck {

enum class ProgramFormat {
  torchscript,   ///< torch.jit.save
  onnx,          ///< an ONNX model
  torch_export,  ///< torch.export.save
};

/// "torchscript", "onnx", "torch_export": the name of the network in a recipe.
const char* network_name(ProgramFormat format);

/// Returns the format of a program's file; nullopt if it holds none, or cannot be read.
std::optional<ProgramFormat> program_format(const fs::path& path);

/// Extra files of a TorchScript program that was an ONNX file: ProgramFile::onnx_graph and only_output.
constexpr const char *kOnnxGraph = "onnx_graph", *kOnlyOutput = "only_output";

struct ProgramFile {
  std::string torchscript;                   ///< what torch.jit.load reads
  std::map<std::string, std::string> extra;  ///< metadata: extra files of TorchScript, metadata_props of ONNX
  std::string fingerprint;                   ///< of the file's content
  std::string onnx_graph;                    ///< of what was an ONNX file: onnx_weights.h; else empty
  std::string only_output;                   ///< the name, in the file, of what the program returns alone; may be empty
};

/// Reads a file of this format. `example`: shape of an example, for an ONNX file that leaves it open. Throws Error,
/// which names the file, if it is damaged, of another format, or has operations that cannot be translated.
ProgramFile read_program_file(const fs::path& path, ProgramFormat format, const Shape& example);

}  // namespace limbeck

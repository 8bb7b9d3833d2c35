#pragma once
// Reads a TorchScript file: a ZIP archive of a program, its constants and weights, and extra files. Reading executes
// nothing. Checksums of the archive's entries, which LibTorch's own reader ignores, are verified here, so that a
// truncated or damaged file throws Error that names the file and the position.
//
//   const TorchScriptFile file = read_torchscript_file("model.pt");
//   file.extra.at("limbeck.classes");   // torch.jit.save(model, "model.pt", _extra_files={"limbeck.classes": …})
#include <map>
#include <string>

#include "core/files.h"

namespace limbeck {

struct TorchScriptFile {
  std::string content;                       ///< all bytes
  std::map<std::string, std::string> extra;  ///< its extra files, by name
};

/// Throws Error if the file is truncated, damaged, or of another format, such as a state_dict of torch.save.
TorchScriptFile read_torchscript_file(const fs::path& path);

}  // namespace limbeck

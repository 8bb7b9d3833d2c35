#pragma once
// A TorchScript file as it lies on disk: a ZIP archive of a program, its constants and weights, and whatever else was
// put into it. Reading it runs nothing. What LibTorch's own reader does not look at, the checksums of the archive's
// entries, is verified here, so that a truncated or damaged file is an Error that names the file and the place.
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

/// Whether the file begins as a ZIP archive does (core/file_format.h); false where it cannot be read.
bool looks_like_torchscript(const fs::path& path);

/// Throws Error for what is truncated, damaged, or another kind of file, a state_dict of torch.save among them.
TorchScriptFile read_torchscript_file(const fs::path& path);

}  // namespace limbeck

#pragma once
// The archive that torch.export.save writes (.pt2): a program as JSON, and weights. Two layouts are read:
//   PyTorch 2.8 and later    NAME/archive_format, models/NAME.json, data/weights/…, data/constants/…
//   PyTorch 2.1 to 2.7       serialized_exported_program.json, serialized_state_dict.pt, serialized_constants.pt
#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "core/json.h"

namespace limbeck {

struct ExportedFile {
  Json program;
  std::map<std::string, at::Tensor> weights;    ///< parameters and persistent buffers, by name
  std::map<std::string, at::Tensor> constants;  ///< tensor constants and other buffers, by name
};

/// Parameters that are trained require a gradient; what shares memory in the file shares it here. Throws Error that
/// names the file if it is damaged, of another format, or holds several programs.
ExportedFile read_exported_file(const std::string& content, const std::string& file);

}  // namespace limbeck

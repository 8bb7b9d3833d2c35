#pragma once
// Detects the format of a file from its first bytes, never from its name. All format detection is here.
//
//   format_of(fs::path("student.onnx"));   // FileFormat::onnx
#include <string_view>

#include "core/files.h"

namespace limbeck {

enum class FileFormat {
  safetensors,
  torchscript,  ///< a ZIP archive, as torch.jit.save writes; torch.save writes ZIP archives too
  onnx,
  json,
  npy,
  gzip,
  other,
};

/// Returns the format of this content; its first 100 bytes are enough.
FileFormat format_of(std::string_view content);
/// Returns FileFormat::other if the file cannot be read.
FileFormat format_of(const fs::path& path);

/// "an ONNX file", with the article.
const char* to_text(FileFormat format);

}  // namespace limbeck

#pragma once
// Which format a file has, recognized by its first bytes. This is the only place where formats are recognized; the
// file's name plays no role.
//
//   format_of(fs::path("student.onnx"));   // FileFormat::onnx
#include <string_view>

#include "core/files.h"

namespace limbeck {

enum class FileFormat {
  safetensors,
  torchscript,  ///< a ZIP archive, as torch.jit.save writes it; torch.save's are such too
  onnx,
  json,
  npy,
  gzip,
  other,
};

/// The format of a file with this content; the first hundred bytes are enough.
FileFormat format_of(std::string_view content);
/// FileFormat::other where the file cannot be read.
FileFormat format_of(const fs::path& path);

/// "an ONNX file", with the article.
const char* to_text(FileFormat format);

}  // namespace limbeck

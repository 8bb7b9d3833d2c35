#pragma once
// What a file holds, told by how it begins: the one place where formats are told apart. A name says nothing.
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

/// Of a file's bytes, of which the first hundred will do.
FileFormat format_of(std::string_view content);
/// FileFormat::other where the file cannot be read.
FileFormat format_of(const fs::path& path);

/// "an ONNX file", with the article.
const char* to_text(FileFormat format);

}  // namespace limbeck

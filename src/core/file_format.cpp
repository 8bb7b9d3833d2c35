#include "core/file_format.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr size_t kEnough = 100;

/// The length of a header that such a file can have, and the header's first bracket.
bool looks_like_safetensors(std::string_view content) {
  constexpr uint64_t kLongest = 100'000'000;
  uint64_t length = 0;
  if (content.size() < sizeof length + 1) return false;
  std::memcpy(&length, content.data(), sizeof length);
  return length <= kLongest && content[sizeof length] == '{';
}

/// A message of protobuf whose first field is ir_version, below 128, and whose second is one that a model can have
/// next: who produced it and by which version, its domain, its own version, a text, the graph, or the operations'
/// versions (onnx.proto, ModelProto).
bool looks_like_onnx(std::string_view content) {
  constexpr std::string_view kNext = "\x12\x1a\x22\x28\x32\x3a\x42";
  return content.size() >= 3 && content[0] == '\x08' && content[1] > 0 &&
         kNext.find(content[2]) != std::string_view::npos;
}

}  // namespace

FileFormat format_of(std::string_view content) {
  if (content.starts_with("PK\3\4")) return FileFormat::torchscript;
  if (content.starts_with("\x93NUMPY")) return FileFormat::npy;
  if (content.starts_with("\x1f\x8b")) return FileFormat::gzip;
  if (looks_like_safetensors(content)) return FileFormat::safetensors;
  if (looks_like_onnx(content)) return FileFormat::onnx;
  const size_t first = content.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && content[first] == '{' ? FileFormat::json : FileFormat::other;
}

FileFormat format_of(const fs::path& path) {
  std::array<char, kEnough> bytes;
  ssize_t got = -1;
  try {
    const int descriptor = open_regular_file(path, O_RDONLY);
    got = ::read(descriptor, bytes.data(), bytes.size());
    ::close(descriptor);
  } catch (const Error&) {
    return FileFormat::other;
  }
  return got < 0 ? FileFormat::other : format_of(std::string_view(bytes.data(), static_cast<size_t>(got)));
}

const char* to_text(FileFormat format) {
  switch (format) {
    case FileFormat::safetensors:
      return "a safetensors file";
    case FileFormat::torchscript:
      return "a ZIP archive, as PyTorch writes them";
    case FileFormat::onnx:
      return "an ONNX file";
    case FileFormat::json:
      return "JSON";
    case FileFormat::npy:
      return "a .npy file of NumPy";
    case FileFormat::gzip:
      return "packed by gzip";
    case FileFormat::other:
      break;
  }
  return "of an unknown format";
}

}  // namespace limbeck

#include "programs/program_file.h"

#include <torch/script.h>

#include <algorithm>
#include <sstream>

#include "core/error.h"
#include "core/file_format.h"
#include "core/hash.h"
#include "programs/archive.h"
#include "programs/exported_program.h"
#include "programs/onnx_program.h"
#include "programs/torchscript_file.h"

namespace limbeck {
namespace {

std::string as_torchscript(const torch::jit::Module& module) {
  std::ostringstream stream;
  module.save(stream);
  return stream.str();
}

/// Whether a ZIP archive is one of torch.export.save; a damaged one is not, and is refused where it is read.
bool holds_exported_program(const std::string& content) {
  try {
    const Archive archive(content, "", "");
    return std::any_of(archive.entries().begin(), archive.entries().end(), [](const ArchiveEntry& entry) {
      return entry.name.ends_with("archive_format") || entry.name.ends_with("serialized_exported_program.json");
    });
  } catch (const Error&) {
    return false;
  }
}

/// `content` is looked at in a ZIP archive alone.
std::optional<ProgramFormat> format_in(FileFormat format, const std::string& content) {
  if (format == FileFormat::onnx) return ProgramFormat::onnx;
  if (format != FileFormat::torchscript) return std::nullopt;
  return holds_exported_program(content) ? ProgramFormat::torch_export : ProgramFormat::torchscript;
}

const char* name_of(ProgramFormat format) {
  switch (format) {
    case ProgramFormat::onnx:
      return "an ONNX file";
    case ProgramFormat::torch_export:
      return "an archive of torch.export.save";
    case ProgramFormat::torchscript:
      break;
  }
  return "a TorchScript file";
}

}  // namespace

const char* network_name(ProgramFormat format) {
  switch (format) {
    case ProgramFormat::onnx:
      return "onnx";
    case ProgramFormat::torch_export:
      return "torch_export";
    case ProgramFormat::torchscript:
      break;
  }
  return "torchscript";
}

std::optional<ProgramFormat> program_format(const fs::path& path) {
  const FileFormat format = format_of(path);  // the first bytes alone: weights are not read
  return format_in(format, format == FileFormat::torchscript ? read_file(path) : std::string());
}

ProgramFile read_program_file(const fs::path& path, ProgramFormat format, const Shape& example) {
  if (format == ProgramFormat::torchscript) {
    TorchScriptFile file = read_torchscript_file(path);
    const std::string fingerprint = Hasher().add(file.content).fingerprint();
    const auto taken = [&](const char* name) {
      auto entry = file.extra.extract(name);
      return entry.empty() ? std::string() : std::move(entry.mapped());
    };
    std::string graph = taken(kOnnxGraph), output = taken(kOnlyOutput);
    return {std::move(file.content), std::move(file.extra), fingerprint, std::move(graph), std::move(output)};
  }
  const std::string content = read_file(path);
  const FileFormat kind = format_of(std::string_view(content));
  if (const auto found = format_in(kind, content); found != format)
    throw Error(fmt::format("'{}' is {}; expected {}{}", path.string(), found ? name_of(*found) : to_text(kind),
                            name_of(format),
                            found ? fmt::format(". Write {{ {}: FILE }} for it", network_name(*found)) : ""));
  const std::string fingerprint = Hasher().add(content).fingerprint();
  if (format == ProgramFormat::torch_export)
    return {as_torchscript(read_exported_program(content, path)), {}, fingerprint, {}, {}};
  TranslatedOnnx read = read_onnx_program(content, path, example);
  return {as_torchscript(read.module), {}, fingerprint, std::move(read.graph), std::move(read.only_output)};
}

}  // namespace limbeck

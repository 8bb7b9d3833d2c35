#include "programs/torchscript_file.h"

#include <string_view>

#include "core/error.h"
#include "core/file_format.h"
#include "programs/archive.h"

namespace limbeck {
namespace {

/// "archive/code/x.py" → "code/x.py": all entries lie in one folder, whose name does not matter.
std::string_view below_top(std::string_view name) {
  const size_t slash = name.find('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace

TorchScriptFile read_torchscript_file(const fs::path& path) {
  TorchScriptFile file{read_file(path), {}};
  if (const FileFormat format = format_of(std::string_view(file.content)); format != FileFormat::torchscript)
    throw Error(fmt::format("'{}' is no TorchScript file: it does not begin as torch.jit.save begins one{}",
                            path.string(),
                            format == FileFormat::other ? "" : fmt::format("; it is {}", to_text(format))));
  bool has_program = false, has_pickle = false;
  const Archive archive(file.content, path.string(), "TorchScript file");
  for (const ArchiveEntry& entry : archive.entries()) {
    constexpr std::string_view kExtra = "extra/";
    const std::string_view name = below_top(entry.name);
    has_program |= name == "constants.pkl";
    has_pickle |= name == "data.pkl";
    if (name.starts_with(kExtra))
      file.extra[std::string(name.substr(kExtra.size()))] = entry.is_compressed ? "" : entry.bytes;
  }
  if (!has_program)
    throw Error(
        fmt::format("'{}' holds no TorchScript program{}; write it with torch.jit.save(torch.jit.script(model), …)",
                    path.string(), has_pickle ? ", but what torch.save wrote" : ""));
  return file;
}

}  // namespace limbeck

#include "core/own_files.h"

#include <algorithm>
#include <fstream>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr std::streamoff kLooked = 256 << 10;  // headers, directories at the end of archives, metadata

/// The first and the last bytes of a file; all of a small one.
std::string ends_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(static_cast<size_t>(2 * kLooked), '\0');
  stream.read(text.data(), kLooked);
  auto size = static_cast<size_t>(stream.gcount());
  stream.clear();
  stream.seekg(0, std::ios::end);
  const std::streamoff all = stream.tellg();
  stream.seekg(std::max(static_cast<std::streamoff>(size), all - kLooked));
  stream.read(text.data() + size, kLooked);
  size += static_cast<size_t>(stream.gcount());
  text.resize(size);
  return text;
}

bool is_ours(const fs::path& file, const std::vector<std::string>& marks) {
  const std::string text = ends_of(file);
  return std::any_of(marks.begin(), marks.end(),
                     [&](const std::string& mark) { return text.find(mark) != std::string::npos; });
}

}  // namespace

void check_output(const fs::path& file, const OutputRules& rules) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored))
    throw Error(ErrorKind::usage, fmt::format("'{}' is a folder; expected the name of a file to write", file.string()));
  if (!fs::is_regular_file(file, ignored)) return;
  for (const fs::path& read : rules.reads)
    if (fs::equivalent(file, read, ignored))
      throw Error(ErrorKind::usage,
                  fmt::format("'{}' would be written over while it is read; give another name", file.string()));
  if (!rules.force && fs::file_size(file, ignored) > 0 && !is_ours(file, rules.marks))
    throw Error(
        ErrorKind::usage,
        fmt::format("'{}' is there, and limbeck did not write it; give another name, or --force to write over it",
                    file.string()));
}

void check_output_folder(const fs::path& folder, const OutputFolder& expected) {
  std::error_code ignored;
  if (expected.force || fs::exists(folder / expected.proof, ignored)) return;
  for (const std::string& name : expected.names)
    if (fs::exists(fs::symlink_status(folder / name, ignored)))
      throw Error(
          ErrorKind::usage,
          fmt::format(
              "'{}' is not the folder of a {}, and its '{}' would be written over; give another --out, or --force to "
              "write over it",
              folder.string(), expected.kind, name));
}

}  // namespace limbeck

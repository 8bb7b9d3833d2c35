#include "support/damage.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "programs/program_file.h"
#include "programs/program_network.h"
#include "support/small_programs.h"

namespace limbeck {
namespace {

const std::map<std::string, size_t>& edits_known() {
  static const std::map<std::string, size_t> known = {{"flip", 2},  {"set", 2},  {"cut", 1},
                                                      {"erase", 2}, {"copy", 3}, {"word", 2}};
  return known;
}

/// The files that are damaged, made once.
struct SmallFile {
  std::string content;
  ArchiveFiles files;  ///< of an archive
};

const SmallFile& small_file(const std::string& name) {
  static const std::map<std::string, SmallFile> all = {
      {"small.onnx", {small_onnx(), {}}},
      {"small.pt2", {small_export().content(), small_export().files()}},
      {"small.old.pt2", {small_export().content(ExportWriter::Layout::old_files), {}}}};
  const auto found = all.find(name);
  if (found == all.end()) throw Error("no small program is called '" + name + "'");
  return found->second;
}

void edit(std::string& content, const Damage::Edit& edit) {
  if (content.empty()) return;
  const auto& n = edit.numbers;
  const size_t at = n[0] % content.size();
  if (edit.what == "flip") content[at] = static_cast<char>(content[at] ^ (1 << n[1] % 8));
  if (edit.what == "set") content[at] = static_cast<char>(n[1]);
  if (edit.what == "cut") content.resize(at);
  if (edit.what == "erase") content.erase(at, n[1]);
  if (edit.what == "copy") content.insert(n[2] % content.size(), content.substr(at, std::min<uint64_t>(n[1], 4096)));
  if (edit.what == "word" && content.size() >= sizeof n[1])
    std::memcpy(&content[std::min(at, content.size() - sizeof n[1])], &n[1], sizeof n[1]);
}

}  // namespace

Damage parse_damage(const std::string& line) {
  const size_t colon = line.find(": ");
  if (colon == std::string::npos) throw Error("no damage: " + line);
  Damage damage;
  damage.file = line.substr(0, colon);
  if (const size_t space = damage.file.find(' '); space != std::string::npos) {
    damage.entry = damage.file.substr(space + 1);
    damage.file.resize(space);
  }
  std::istringstream all(line.substr(colon + 2));
  for (std::string text; std::getline(all, text, ';');) {
    std::istringstream words(text);
    Damage::Edit edit;
    words >> edit.what;
    for (uint64_t number = 0; words >> number;) edit.numbers.push_back(number);
    const auto known = edits_known().find(edit.what);
    if (known == edits_known().end() || known->second != edit.numbers.size()) throw Error("no damage: " + line);
    damage.edits.push_back(std::move(edit));
  }
  return damage;
}

std::string to_text(const Damage& damage) {
  std::string text = damage.file + (damage.entry.empty() ? "" : " " + damage.entry) + ":";
  for (const Damage::Edit& edit : damage.edits) {
    text += (&edit == &damage.edits.front() ? " " : "; ") + edit.what;
    for (const uint64_t number : edit.numbers) text += " " + std::to_string(number);
  }
  return text;
}

std::string damaged(std::string content, const std::vector<Damage::Edit>& edits) {
  for (const Damage::Edit& each : edits) edit(content, each);
  return content;
}

std::string damaged_file(const Damage& damage) {
  const SmallFile& whole = small_file(damage.file);
  if (damage.entry.empty()) return damaged(whole.content, damage.edits);
  ArchiveFiles files = whole.files;
  for (auto& [name, content] : files)
    if (name == damage.entry) content = damaged(content, damage.edits);
  return zip_archive(files);
}

Damage random_damage(const std::string& file, std::mt19937& random) {
  constexpr size_t kStructure = 2000;  // weights come after it, or before it
  const auto below = [&](uint64_t count) { return std::uniform_int_distribution<uint64_t>(0, count - 1)(random); };
  const SmallFile& whole = small_file(file);
  Damage damage{.file = file, .entry = "", .edits = {}};
  size_t size = whole.content.size();
  if (!whole.files.empty() && below(4) > 0) {
    const auto& [name, content] = whole.files[below(whole.files.size())];
    damage.entry = name;
    size = std::max<size_t>(content.size(), 1);
  }
  const auto place = [&] {
    const uint64_t near = below(std::min(size, kStructure));
    return below(3) == 0 ? below(size) : below(2) == 0 ? near : size - 1 - near;
  };
  for (uint64_t left = 1 + below(3); left > 0; --left) {
    switch (below(8)) {
      case 0:
        damage.edits.push_back({"cut", {place()}});
        break;
      case 1:
        damage.edits.push_back({"set", {place(), below(256)}});
        break;
      case 2:
        damage.edits.push_back({"set", {place(), static_cast<uint64_t>("0123456789\"{}[],:xn-"[below(20)])}});
        break;
      case 3:
        damage.edits.push_back({"erase", {place(), 1 + below(40)}});
        break;
      case 4:
        damage.edits.push_back({"copy", {place(), 1 + below(40), place()}});
        break;
      case 5:
        damage.edits.push_back({"word", {place(), below(2) == 0 ? ~uint64_t{0} >> below(64) : below(1 << 20)}});
        break;
      default:
        damage.edits.push_back({"flip", {place(), below(8)}});
    }
  }
  return damage;
}

std::string try_program(const std::string& content, const std::string& file, const std::string& folder) {
  const fs::path path = fs::path(folder) / ("tried" + fs::path(file).extension().string());
  write_file(path, content);
  const bool is_onnx = path.extension() == ".onnx";
  try {
    const std::optional<ProgramFormat> format = program_format(path);
    if (!format) return "no program's format";
    ProgramOptions options;
    options.file = path.string();
    const ProgramNetwork network(*format, options, {is_onnx ? Shape{3, 6, 6} : Shape{4}, 0}, {});
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace limbeck

#include "teacher/store_shards.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/json.h"

namespace limbeck {
namespace {

constexpr std::string_view kIndexEnding = ".index.json";
constexpr const char* kFormatOfStore = "format";  // in an index and in the metadata of its files
constexpr const char *kShards = "shards", *kShardFile = "file", *kShardChecksum = "checksum";

/// The number that a text is; nullopt if it is anything else.
std::optional<int64_t> number_in(std::string_view text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Which shard of the store a file is, by its name.
std::optional<StoreShard> shard_in(const std::string& name, const fs::path& store) {
  const std::string begin = store.stem().string() + "-", end = store.extension().string();
  if (name.size() <= begin.size() + end.size() || !name.starts_with(begin) || !name.ends_with(end)) return std::nullopt;
  const std::string_view middle = std::string_view(name).substr(begin.size(), name.size() - begin.size() - end.size());
  const size_t between = middle.find("-of-");
  if (between == std::string_view::npos) return std::nullopt;
  const auto number = number_in(middle.substr(0, between)), count = number_in(middle.substr(between + 4));
  if (!number || !count || *number < 1 || *number > *count) return std::nullopt;
  const StoreShard shard{.number = *number, .count = *count};
  return shard.file_of(store).filename() == name ? std::optional(shard) : std::nullopt;
}

fs::path folder_of_store(const fs::path& store) {
  return store.has_parent_path() ? store.parent_path() : fs::path(".");
}

[[noreturn]] void refuse_index(const fs::path& index, const std::string& why) {
  throw Error(fmt::format("'{}' is not the index of a teacher store: {}", index.string(), why));
}

StoreParts parts_by_name(const fs::path& store) {
  StoreParts parts{.store = store};
  if (!is_folder(folder_of_store(store))) return parts;
  std::map<int64_t, std::map<int64_t, fs::path>> found;  // by count and number
  for (const auto& entry : fs::directory_iterator(folder_of_store(store)))
    if (const auto shard = shard_in(entry.path().filename().string(), store))
      found[shard->count][shard->number] = store.parent_path() / entry.path().filename();
  if (found.empty()) return parts;
  if (found.size() > 1)
    throw Error(fmt::format("'{}' has shards of {} and shards of {} beside it; remove those that are not wanted",
                            store.string(), found.begin()->first, std::next(found.begin())->first));
  parts.count = found.begin()->first;
  for (const auto& [number, file] : found.begin()->second) parts.parts.push_back({.file = file, .number = number});
  return parts;
}

/// "2/8, 3/8 and 4 more"
std::string text_of_shards(const std::vector<StoreShard>& shards) {
  constexpr size_t kMost = 12;
  std::string text;
  for (size_t i = 0; i < std::min(shards.size(), kMost); ++i) text += (i == 0 ? "" : ", ") + shards[i].text();
  return shards.size() > kMost ? fmt::format("{} and {} more", text, shards.size() - kMost) : text;
}

}  // namespace

std::pair<int64_t, int64_t> StoreShard::range(int64_t examples) const {
  const auto at = [&](int64_t part) {
    return examples / count * part + examples % count * part / count;  // examples · part / count, without overflow
  };
  return {at(number - 1), at(number)};
}

fs::path StoreShard::file_of(const fs::path& store) const {
  return store.parent_path() /
         fmt::format("{}-{:05}-of-{:05}{}", store.stem().string(), number, count, store.extension().string());
}

std::string StoreShard::text() const {
  return fmt::format("{}/{}", number, count);
}

StoreShard parse_shard(const std::string& text) {
  const size_t slash = text.find('/');
  const auto number = number_in(std::string_view(text).substr(0, slash));
  const auto count = slash == std::string::npos ? std::nullopt : number_in(std::string_view(text).substr(slash + 1));
  if (!number || !count || *number < 1 || *number > *count || *count > 99999)
    throw Error(ErrorKind::usage, fmt::format("'{}' is not a shard; expected K/N with K from 1 to N, as 1/8", text));
  return {.number = *number, .count = *count};
}

std::vector<StoreShard> StoreParts::lacking() const {
  std::vector<StoreShard> lacking;
  auto next = parts.begin();
  for (int64_t number = 1; number <= count; ++number) {
    const bool there = next != parts.end() && next->number == number;
    if (!there || !read_file_info(next->file).sealed) lacking.push_back({.number = number, .count = count});
    if (there) ++next;
  }
  return lacking;
}

fs::path index_of(const fs::path& store) {
  return store.string() + std::string(kIndexEnding);
}

bool is_index(const fs::path& file) {
  return file.string().ends_with(kIndexEnding);
}

StoreParts parts_of_index(const fs::path& file) {
  const Json index = read_json(file);
  const auto text_of = [&](const Json& entry, const char* key) {
    const auto found = entry.find(key);
    return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!index.is_object() || !index.contains(kShards) || !index[kShards].is_array() || index[kShards].empty())
    refuse_index(file, fmt::format("it has no list of '{}'", kShards));
  const std::string name_of_index = file.string();
  StoreParts parts{.store = name_of_index.substr(0, name_of_index.size() - kIndexEnding.size())};
  for (const Json& entry : index[kShards]) {
    const std::string name = entry.is_object() ? text_of(entry, kShardFile) : "";
    if (name.empty()) refuse_index(file, fmt::format("a shard has no '{}'", kShardFile));
    if (fs::path(name).filename() != name || name == "..")
      refuse_index(file, fmt::format("the shard '{}' is not in the folder of the index", name));
    ++parts.count;
    const fs::path part = file.parent_path() / name;
    if (fs::exists(part))
      parts.parts.push_back({.file = part, .number = parts.count, .checksum = text_of(entry, kShardChecksum)});
  }
  return parts;
}

StoreParts find_store(const fs::path& store) {
  if (is_index(store) && fs::exists(store)) return parts_of_index(store);
  if (fs::exists(store)) return {.store = store, .whole = true, .parts = {{.file = store}}, .count = 1};
  return fs::exists(index_of(store)) ? parts_of_index(index_of(store)) : parts_by_name(store);
}

std::vector<StoreFile> open_parts(const StoreParts& parts) {
  if (const std::vector<StoreShard> lacking = parts.lacking(); !lacking.empty() && !parts.whole)
    throw Error(ErrorKind::usage,
                fmt::format("the store '{}' is not complete: of its {} shards, {} {} missing or not full; "
                            "`limbeck store build RECIPE` computes what is missing, `--shard {}` one of them",
                            parts.store.string(), parts.count, text_of_shards(lacking),
                            lacking.size() == 1 ? "is" : "are", lacking.front().text()));
  std::vector<StoreFile> files;
  for (const StoreParts::Part& part : parts.parts) files.push_back(StoreFile::open(part.file, part.checksum));
  return files;
}

void write_index(const fs::path& store, const std::vector<fs::path>& files) {
  Json shards = Json::array();
  StoreIdentity identity;
  for (const fs::path& file : files) {
    const StoreInfo info = read_file_info(file);
    identity = info.identity;
    const auto checksum = identity.find(kChecksumKey);
    shards.push_back(
        {{kShardFile, file.filename().string()},
         {"examples", info.examples},
         {kShardChecksum, checksum == identity.end() ? StoreFile::open(file).checksum() : checksum->second}});
  }
  write_file(index_of(store),
             Json{{kFormatOfStore, identity.at(kFormatOfStore)}, {kShards, std::move(shards)}}.dump(1) + "\n");
}

void write_index_of_shards(const fs::path& store) {
  const StoreParts parts = find_store(store);
  if (!parts.sharded() || fs::exists(index_of(store)) || !parts.complete()) return;
  std::vector<fs::path> files;
  for (const StoreParts::Part& part : parts.parts) files.push_back(part.file);
  write_index(store, files);
}

StoreInfo read_store_info(const fs::path& store) {
  const StoreParts parts = find_store(store);
  if (!parts.exists())
    throw Error(fmt::format("there is no store '{}', and there are no shards of it", store.string()));
  StoreInfo all;
  for (const StoreParts::Part& part : parts.parts) {
    StoreInfo info = read_file_info(part.file);
    if (&part == &parts.parts.front()) {
      all = std::move(info);
      continue;
    }
    check_info(part.file, info, all.layout, {});
    all.examples += info.examples;
    all.filled += info.filled;
    all.bytes += info.bytes;
    all.sealed &= info.sealed;
  }
  all.sealed &= static_cast<int64_t>(parts.parts.size()) == parts.count;
  return all;
}

}  // namespace limbeck

#pragma once
// A store of several files: shards, each with the outputs of some of the examples, which processes on any number of
// machines fill side by side. Shard 2 of 8 of `outputs.safetensors` is `outputs-00002-of-00008.safetensors` beside it.
// `outputs.safetensors.index.json` lists the shards with their checksums once all are complete; it may also name files
// that another program wrote (docs/store-format.md).
//
//   const StoreShard shard{.number = 2, .count = 8};
//   shard.file_of("outputs.safetensors");             // "outputs-00002-of-00008.safetensors"
//   const StoreParts parts = find_store("outputs.safetensors");
//   if (parts.complete()) …                           // open_parts(parts)
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/files.h"
#include "teacher/store_file.h"

namespace limbeck {

struct StoreShard {
  int64_t number = 1;  ///< from 1
  int64_t count = 1;

  /// The rows [first, second) of so many examples.
  std::pair<int64_t, int64_t> range(int64_t examples) const;
  fs::path file_of(const fs::path& store) const;
  /// "2/8"
  std::string text() const;
};

/// Reads "2/8". Throws Error of kind usage for anything else.
StoreShard parse_shard(const std::string& text);

/// The files of a store that are there.
struct StoreParts {
  struct Part {
    fs::path file;
    int64_t number = 1;
    std::string checksum;  ///< of the index; empty: not in an index
  };
  fs::path store;           ///< as the recipe names it
  bool whole = false;       ///< one file, no shards
  std::vector<Part> parts;  ///< in order
  int64_t count = 0;        ///< number of shards that there have to be; 0: there is nothing

  bool exists() const { return count > 0; }
  bool sharded() const { return exists() && !whole; }
  /// Shards that are missing, or are not sealed yet.
  std::vector<StoreShard> lacking() const;
  /// Whether all parts are there and sealed.
  bool complete() const { return exists() && lacking().empty(); }
};

/// Looks for the file, its index, or its shards; `store` may also name an index. Throws Error if there are shards of
/// different numbers, or if the index is damaged, or names a file outside its folder.
StoreParts find_store(const fs::path& store);

/// Opens all parts of a complete store, and verifies their checksums. Throws Error that says what is missing otherwise.
std::vector<StoreFile> open_parts(const StoreParts& parts);

fs::path index_of(const fs::path& store);
/// Returns whether a file is an index, by its name.
bool is_index(const fs::path& file);
/// Reads an index. Throws Error if it is damaged, or names a file outside its folder.
StoreParts parts_of_index(const fs::path& index);

/// Writes the index of a store that has these files, with their checksums.
void write_index(const fs::path& store, const std::vector<fs::path>& files);
/// The same for a store whose shards are all there and sealed, if it has no index.
void write_index_of_shards(const fs::path& store);

/// Reads the description of a store from its files alone, the shards that are there together.
StoreInfo read_store_info(const fs::path& store);

}  // namespace limbeck

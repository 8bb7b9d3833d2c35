#pragma once
// Reads ZIP archives as PyTorch writes them (PKWARE's APPNOTE 6.3, sections 4.3 and 4.5.3). Checksums of all entries,
// which LibTorch's own reader ignores, are verified when the archive is opened.
//
//   const Archive archive(content, "model.pt", "TorchScript file");
//   archive.entries().at(0).name;                  // "archive/data.pkl"
//   archive.text("archive/code/model.py", 1 << 20);
//
// Thread-safety: several threads may read one.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

/// One file in the archive. PyTorch stores weights and constants as they are and compresses code.
struct ArchiveEntry {
  std::string name;
  std::string_view bytes;  ///< as they stand in the archive
  uint64_t size = 0;       ///< after decompression
  bool is_compressed = false;
};

class Archive {
 public:
  /// The content must outlive the archive; file and what ("TorchScript file") are for messages. Throws Error if the
  /// archive is truncated or damaged, or an entry's checksum is wrong.
  Archive(std::string_view content, std::string file, std::string what);

  const std::vector<ArchiveEntry>& entries() const { return entries_; }
  /// Returns the first entry of this name, or nullptr.
  const ArchiveEntry* find(std::string_view name) const;
  /// Returns an entry, decompressed. Throws Error if there is none of this name or it is larger than `most` bytes.
  std::string text(std::string_view name, uint64_t most) const;
  /// Returns an entry's bytes, which lie in the content. Throws Error if there is none or it is compressed.
  std::string_view stored(std::string_view name) const;

 private:
  const ArchiveEntry& at(std::string_view name) const;

  std::string file_;
  std::string what_;
  std::vector<ArchiveEntry> entries_;
};

}  // namespace limbeck

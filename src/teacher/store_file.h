#pragma once
// One file of teacher outputs by example and view: a safetensors file, mapped into memory, which is filled piece by
// piece and then sealed with a checksum. docs/store-format.md describes the format for programs that write it. A store
// is one such file, or several, each of which has a part of the examples (store_shards.h).
//
//   StoreFile file = StoreFile::create("outputs.safetensors", {.slots = 162, .classes = 100}, ids, {});
//   file.table("logits").select(0, 7).zero_();   // example ids[7], all views
//   file.seal();
//
// Thread-safety: none; several processes may open a sealed file, one a file that is being filled.
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/safetensors.h"
#include "limbeck/operation.h"

namespace limbeck {

struct StoreLayout {
  int64_t slots = 1;  ///< S, outputs per example
  int64_t classes = 0;
  int64_t members = 0;  ///< M, ensemble members whose distributions are averaged; 0: logits are stored
  int64_t top = 0;      ///< K, number of largest logits stored per output; 0: all
  at::ScalarType type = at::kFloat;
  std::map<std::string, Shape> features = {};  ///< of one example, by name

  /// Size of the outputs of one example, in bytes.
  int64_t example_bytes() const;
};

/// Throws Error of kind usage if outputs cannot be stored in this layout.
void check_layout(const StoreLayout& layout);

/// Types and shapes of a file's tensors, by name, for so many examples.
std::map<std::string, RawTensor> tensors_of(const StoreLayout& layout, int64_t examples);
/// Name of the tensor that holds logits.
std::string values_name(const StoreLayout& layout);
/// Name of the tensor that holds a feature.
std::string tensor_of_feature(const std::string& name);

/// Identifies what a store holds (teacher, examples, views), by the keys of the file's metadata.
using StoreIdentity = std::map<std::string, std::string>;

/// Returns whether a file with this metadata has teacher outputs in this format.
bool is_store(const std::map<std::string, std::string>& metadata);

/// Description of a file of teacher outputs, or of all files of a store.
struct StoreInfo {
  StoreLayout layout;
  int64_t examples = 0;
  int64_t filled = 0;   ///< number of outputs that are there, of examples · slots
  bool sealed = false;  ///< complete; several may open it at the same time
  uintmax_t bytes = 0;
  StoreIdentity identity;
};

class StoreFile {
 public:
  /// Creates the file and reserves its disk space; an existing file is opened instead.
  static StoreFile create(const fs::path& path, const StoreLayout& layout, const at::Tensor& ids,
                          const StoreIdentity& identity);
  /// Opens a file of any layout. Throws Error if it is damaged or is not a store; also if it is not sealed and is being
  /// filled by another process or is not writable. A sealed file may be read-only. `checksum`: that of a sealed file;
  /// empty: the one it carries, if any.
  static StoreFile open(const fs::path& path, const std::string& checksum = "");

  /// Throws Error if the file has another layout or another identity, or, with ids [n], other examples. The file may
  /// have features beside those of `layout`; if it lacks one, the Error is of kind usage.
  void require(const StoreLayout& layout, const StoreIdentity& identity, const at::Tensor& ids = {}) const;

  const fs::path& path() const;
  /// With all features of the file.
  const StoreLayout& layout() const;
  const StoreIdentity& identity() const;
  bool sealed() const;
  /// The tensor of this name; its memory is the file's.
  at::Tensor table(const std::string& name) const;

  /// Flushes the file to disk.
  void flush();
  /// The same, and adds a checksum, which detects later changes, to a file that has none.
  void seal();
  /// Returns the checksum of a sealed file.
  std::string checksum() const;

 private:
  struct Content;
  explicit StoreFile(std::shared_ptr<Content> content) : content_(std::move(content)) {}

  std::shared_ptr<Content> content_;
};

/// Reads a file's description without verifying its checksum. Throws Error if it is not a store.
StoreInfo read_file_info(const fs::path& file);

/// Throws Error if a file with this description has another layout (`members` is not compared), or differs in one of
/// the keys of `identity`; of kind usage if it lacks a feature.
void check_info(const fs::path& file, const StoreInfo& info, const StoreLayout& layout, const StoreIdentity& identity);

/// Throws Error that the file holds other outputs than are wanted: those "of `what`".
[[noreturn]] void refuse_store(const fs::path& file, const std::string& what);

}  // namespace limbeck

#pragma once
// A cache of teacher outputs by example and view (augmented version of an example): in memory, or in a memory-mapped
// safetensors file that is filled during training or beforehand. docs/decisions/0009-stored-views.md explains why the
// outputs are correct under augmentation.
//
//   TeacherStore store = TeacherStore::in_memory({.slots = 162, .classes = 100}, ids);
//   store.write(rows, slots, views, outputs);
//   TeacherOutputs again = store.read(rows, slots);
//
// The file's tensors: ids [n] I64 · views [n, S] I64, number of the view + 1, or 0 if nothing is stored yet · and one
// of
//   logits [n, S, C]                               F16 or F32
//   members [n, S, M, C]                           of an arithmetic ensemble of M networks
//   top [n, S, K + 1] with classes [n, S, K] I16   the K largest logits, and one logit for all other classes: log of
//                                                  the mean of their exponentials, so that their probability at
//                                                  T = 1 is spread evenly
// and, for each feature that is kept beside them,
//   feature.NAME [n, S, …]                         F16 or F32, as the logits
// All floating-point tensors have one type. A file may hold more features than a reader needs.

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"
#include "limbeck/operation.h"
#include "limbeck/outputs.h"
#include "teacher/example_rows.h"

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

/// Identifies what a store holds (teacher, examples, views), by the keys of the file's metadata.
using StoreIdentity = std::map<std::string, std::string>;

class TeacherStore {
 public:
  /// Creates an empty store for the examples with these ids [n] int64.
  static TeacherStore in_memory(const StoreLayout& layout, const at::Tensor& ids);
  /// Creates the file and reserves its disk space; an existing file is opened instead.
  static TeacherStore create(const fs::path& file, const StoreLayout& layout, const at::Tensor& ids,
                             const StoreIdentity& identity);
  /// Opens a file. Throws Error if it is damaged, is not a store, or has another layout, other examples or another
  /// identity; also if it is incomplete and is being filled by another process or is not writable. A complete file may
  /// be read-only. The file may have features beside those of `layout`; if it lacks one, the Error is of kind usage.
  static TeacherStore open(const fs::path& file, const StoreLayout& layout, const at::Tensor& ids,
                           const StoreIdentity& identity);

  /// With all features of the file.
  const StoreLayout& layout() const { return layout_; }
  int64_t examples() const { return ids_.size(0); }
  int64_t outputs() const { return examples() * layout_.slots; }
  int64_t filled() const;
  bool in_file() const { return file_ != nullptr; }
  /// [n, S] int64: number of the view + 1; 0 (or negative in a damaged file): nothing stored.
  const at::Tensor& views() const { return views_; }
  const ExampleRows& rows() const { return rows_; }

  /// rows, slots [N] int64 → logits [N, C] float32, or members [N, M, C] and the logits of their mean; and the features
  /// of the layout with which the store was made or opened, [N, …] float32. Outputs that have not been written are
  /// zero. Throws Error if a file without a checksum contains an invalid class.
  TeacherOutputs read(const at::Tensor& rows, const at::Tensor& slots) const;
  /// Returns what read would return if these outputs had been written there, without members: rounded to the store's
  /// type and, if only the largest logits are stored, reduced to the classes of these slots and one logit for all
  /// others.
  TeacherOutputs as_stored(const at::Tensor& rows, const at::Tensor& slots, const TeacherOutputs& outputs) const;
  /// Writes outputs for views [N] int64, with all features of layout(), rounded to the store's type. Throws Error if a
  /// feature is missing, or if a finite value overflows float16.
  void write(const at::Tensor& rows, const at::Tensor& slots, const at::Tensor& views, const TeacherOutputs& outputs);
  /// Flushes the file to disk, and adds a checksum, which detects later changes, if all outputs are there.
  void seal();

 private:
  struct File;
  TeacherStore(const StoreLayout& layout, const at::Tensor& ids);
  /// Returns the classes of the largest logits at `places` [N] of the flattened table, int64 [N, K].
  at::Tensor classes_at(const at::Tensor& places) const;
  /// The table of the file's tensor of this name.
  at::Tensor& table(const std::string& name);

  StoreLayout layout_;
  at::Tensor ids_, views_;
  ExampleRows rows_;
  at::Tensor values_;   ///< logits, members or top
  at::Tensor classes_;  ///< of top
  std::map<std::string, at::Tensor> features_;
  std::vector<std::string> taps_;  ///< features that are read
  std::shared_ptr<File> file_;
};

/// Returns whether a file with this metadata is a teacher store.
bool is_store(const std::map<std::string, std::string>& metadata);

/// Throws Error of kind usage if outputs cannot be stored in this layout.
void check_layout(const StoreLayout& layout);

/// Description of a store, read from its file alone.
struct StoreInfo {
  StoreLayout layout;
  int64_t examples = 0;
  int64_t filled = 0;
  bool sealed = false;  ///< complete; several may open it at the same time
  uintmax_t bytes = 0;
  StoreIdentity identity;
};
StoreInfo read_store_info(const fs::path& file);

/// Throws Error if the file is damaged, is not a store, has another layout (`members` is not compared), or differs in
/// one of the keys of `identity`; of kind usage if it lacks a feature.
void check_store_file(const fs::path& file, const StoreLayout& layout, const StoreIdentity& identity);

}  // namespace limbeck

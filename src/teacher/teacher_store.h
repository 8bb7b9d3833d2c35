#pragma once
// Stored teacher outputs by example and view: a table in memory, or in a memory-mapped safetensors file that is filled
// during training or beforehand. Decision 9 explains why the outputs stay correct under augmentation.
//
//   TeacherStore store = TeacherStore::in_memory({.slots = 162, .classes = 100}, ids);
//   store.write(rows, slots, views, outputs);
//   TeacherOutputs again = store.read(rows, slots);
//
// The file's tensors: ids [n] I64 · views [n, S] I64, the view's number + 1, 0 where nothing is stored yet · and one of
//   logits [n, S, C]                               F16 or F32
//   members [n, S, M, C]                           of an arithmetic ensemble of M networks
//   top [n, S, K + 1] with classes [n, S, K] I16   the K largest logits, and one logit for all other classes: log of
//                                                  the mean of their exponentials, so that their probability at
//                                                  T = 1 is spread evenly

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>

#include "core/files.h"
#include "nn/outputs.h"
#include "teacher/example_rows.h"

namespace limbeck {

struct StoreLayout {
  int64_t slots = 1;  ///< outputs for each example
  int64_t classes = 0;
  int64_t members = 0;  ///< of an arithmetic ensemble; 0: there are logits
  int64_t top = 0;      ///< logits that are kept for each output; 0: all
  at::ScalarType type = at::kFloat;

  /// Of the outputs of one example, in bytes.
  int64_t example_bytes() const;
};

/// What a store belongs to (teacher, examples, views), by the keys of the file's metadata.
using StoreIdentity = std::map<std::string, std::string>;

class TeacherStore {
 public:
  /// An empty store. ids [n] int64: of the examples.
  static TeacherStore in_memory(const StoreLayout& layout, const at::Tensor& ids);
  /// Makes the file, whose space is reserved on the disk.
  static TeacherStore create(const fs::path& file, const StoreLayout& layout, const at::Tensor& ids,
                             const StoreIdentity& identity);
  /// Throws Error where the file is damaged, no store, or one of another layout, of other examples or of another
  /// identity; also where it is not full yet and another process fills it, or it may not be written. A full one that
  /// may only be read is read.
  static TeacherStore open(const fs::path& file, const StoreLayout& layout, const at::Tensor& ids,
                           const StoreIdentity& identity);

  const StoreLayout& layout() const { return layout_; }
  int64_t examples() const { return ids_.size(0); }
  int64_t outputs() const { return examples() * layout_.slots; }
  int64_t filled() const;
  bool in_file() const { return file_ != nullptr; }
  /// [n, S] int64: the view's number + 1; 0, or less in a damaged file, where nothing is stored.
  const at::Tensor& views() const { return views_; }
  const ExampleRows& rows() const { return rows_; }

  /// rows, slots [N] int64 → logits [N, C] float32, or members [N, M, C] and the logits of their mean. What was not
  /// written is zero. Throws Error where a file that has no checksum yet names a class that there is not.
  TeacherOutputs read(const at::Tensor& rows, const at::Tensor& slots) const;
  /// The logits [N, C] that read would give if these outputs had been written there: rounded and, of a store of the
  /// largest logits, those of the classes that the slots hold and one for the others.
  at::Tensor as_stored(const at::Tensor& rows, const at::Tensor& slots, const TeacherOutputs& outputs) const;
  /// The same the other way, for views [N] int64; rounded to the type of the table. Throws Error where float16 cannot
  /// hold a number.
  void write(const at::Tensor& rows, const at::Tensor& slots, const at::Tensor& views, const TeacherOutputs& outputs);
  /// Writes everything to the disk, with a checksum if all outputs are there, so that later changes are detected.
  void seal();

 private:
  struct File;
  TeacherStore(const StoreLayout& layout, const at::Tensor& ids);
  /// The classes of the largest logits in places of the table [N], int64 [N, K].
  at::Tensor classes_at(const at::Tensor& places) const;

  StoreLayout layout_;
  at::Tensor ids_, views_;
  ExampleRows rows_;
  at::Tensor values_;   ///< logits, members or top
  at::Tensor classes_;  ///< of top
  std::shared_ptr<File> file_;
};

/// Whether a file with this metadata is a store.
bool is_store(const std::map<std::string, std::string>& metadata);

/// Throws Error of kind usage if outputs cannot be stored in this layout.
void check_layout(const StoreLayout& layout);

/// A store's description, from its file alone.
struct StoreInfo {
  StoreLayout layout;
  int64_t examples = 0;
  int64_t filled = 0;
  uintmax_t bytes = 0;
  StoreIdentity identity;
};
StoreInfo read_store_info(const fs::path& file);

/// Throws Error where the file is damaged, no store, or has another layout (members aside) or another identity as far
/// as the given one goes.
void check_store_file(const fs::path& file, const StoreLayout& layout, const StoreIdentity& identity);

}  // namespace limbeck

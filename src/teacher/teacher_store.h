#pragma once
// A cache of teacher outputs by example and view (augmented version of an example): in memory, in a memory-mapped
// safetensors file that is filled during training or beforehand (store_file.h), or in several such files, which are
// read only (store_shards.h). docs/decisions/0009-stored-views.md explains why the outputs are correct under
// augmentation.
//
//   TeacherStore store = TeacherStore::in_memory({.slots = 162, .classes = 100}, ids);
//   store.write(rows, slots, views, outputs);
//   TeacherOutputs again = store.read(rows, slots);
//
// Its tables, which are the tensors of a file:
//   ids [n] I64 · views [n, S] I64, number of the view + 1, or 0 if nothing is stored yet · and one of
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
#include <string>
#include <vector>

#include "limbeck/outputs.h"
#include "teacher/example_rows.h"
#include "teacher/store_file.h"
#include "teacher/store_table.h"

namespace limbeck {

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
  /// Joins sealed files, which together have the outputs of these examples, in this order.
  static TeacherStore join(const std::vector<StoreFile>& files, const StoreLayout& layout, const at::Tensor& ids,
                           const StoreIdentity& identity);
  /// Joins files in any order, whatever they are of; `taps`: the features that are read. Throws Error if their layouts
  /// differ, if an id is there twice or is not in {0, …, id_count − 1}, or if a feature is missing.
  static TeacherStore join(const std::vector<StoreFile>& files, const std::vector<std::string>& taps, int64_t id_count);

  /// With all features of the files.
  const StoreLayout& layout() const { return layout_; }
  const at::Tensor& ids() const { return ids_; }  ///< [n] int64
  int64_t examples() const { return ids_.size(0); }
  int64_t outputs() const { return examples() * layout_.slots; }
  int64_t filled() const;
  bool in_file() const { return !files_.empty(); }
  /// [n, S] int64: number of the view + 1; 0 (or negative in a damaged file): nothing stored. A copy where there are
  /// several files.
  at::Tensor views() const;
  /// The same of these outputs: rows, slots [N] int64 → [N] int64.
  at::Tensor views_at(const at::Tensor& rows, const at::Tensor& slots) const { return views_.at(rows, slots); }
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
  /// feature is missing, if a finite value overflows float16, or if the store is of several files.
  void write(const at::Tensor& rows, const at::Tensor& slots, const at::Tensor& views, const TeacherOutputs& outputs);
  /// Flushes a file that is being filled to disk, and seals it if all outputs are there.
  void seal();

 private:
  TeacherStore(const StoreLayout& layout, const at::Tensor& ids);
  static TeacherStore of_file(StoreFile file, const StoreLayout& layout, const at::Tensor& ids,
                              const StoreIdentity& identity);
  /// Appends the tables of a part, given by name.
  template <class TableOf>
  void add_tables(const TableOf& table_of);
  /// Returns the classes of the largest logits, int64 [N, K].
  at::Tensor classes_at(const at::Tensor& rows, const at::Tensor& slots) const;

  StoreLayout layout_;
  at::Tensor ids_;
  ExampleRows rows_;
  StoreTable views_;
  StoreTable values_;   ///< logits, members or top
  StoreTable classes_;  ///< of top
  std::map<std::string, StoreTable> features_;
  std::vector<std::string> taps_;  ///< features that are read
  std::vector<StoreFile> files_;
};

}  // namespace limbeck

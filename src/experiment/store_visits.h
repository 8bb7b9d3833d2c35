#pragma once
// Building and reading the teacher output stores of a recipe outside a run: `limbeck store`.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiment/run_context.h"
#include "teacher/store_shards.h"

namespace limbeck {

class StoredViews;

/// Whether visiting a store creates it, and its teacher, or requires that it exists.
enum class StoreAccess { existing, made };

struct StoreVisit {
  std::string stage;  ///< empty: all whose teacher has a store
  StoreAccess access = StoreAccess::existing;
  /// Of the teacher, beside those that the losses of the stage read, and those of a store that must exist.
  std::vector<std::string> features = {};
  std::optional<StoreShard> shard = {};  ///< the only one to make, of a teacher whose stages are finished
};

/// `shard`: the part of the store that the teacher has; nullopt: all of it.
using UseOfStore =
    std::function<void(const StageRecipe& stage, const std::optional<StoreShard>& shard, StoredViews& teacher)>;

/// Calls use(stage, shard, teacher) for each stage, or for the named one, whose teacher has a store, after running the
/// stages that the teacher needs; for each shard that is missing, if the store has shards. Throws Error if there is no
/// such stage, if a required store or stage does not exist, or if the teacher or an existing store lacks a feature.
void visit_stores(RunContext& run, const StoreVisit& visit, const UseOfStore& use);

}  // namespace limbeck

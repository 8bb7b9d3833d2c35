#pragma once
// Building and reading the teacher output stores of a recipe outside a run: `limbeck store`.
#include <functional>
#include <string>

#include "experiment/run_context.h"

namespace limbeck {

class StoredViews;

/// Whether visiting a store creates it, and its teacher, or requires that it exists.
enum class StoreAccess { existing, made };

using UseOfStore = std::function<void(const StageRecipe& stage, StoredViews& teacher)>;

/// Calls use(stage, teacher) for each stage, or for the named one, whose teacher has a store, after running the stages
/// that the teacher needs. Throws Error if there is no such stage, or if a required store or stage does not exist.
void visit_stores(RunContext& run, const std::string& wanted, StoreAccess access, const UseOfStore& use);

}  // namespace limbeck

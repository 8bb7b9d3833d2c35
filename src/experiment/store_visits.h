#pragma once
// The stores of teacher outputs that a recipe names, made or read outside a run: `limbeck store`.
#include <functional>
#include <string>

#include "experiment/run_context.h"

namespace limbeck {

class StoredViews;

/// Whether visiting a store makes it, and the teacher that it is of; or changes nothing.
enum class StoreAccess { existing, made };

using UseOfStore = std::function<void(const StageRecipe& stage, StoredViews& teacher)>;

/// Calls use(stage, teacher) for each stage, or for the one that is named, whose teacher has a store, after the stages
/// that the teacher needs have run. Throws Error where there is no such stage, and where a store or a stage that is to
/// exist is not there.
void visit_stores(RunContext& run, const std::string& wanted, StoreAccess access, const UseOfStore& use);

}  // namespace limbeck

#pragma once
// Operations of torch.export that are others in TorchScript: those that LibTorch 1.13 lacks, those that compute in
// evaluation alone, arithmetic of sizes, and parts of an operation that PyTorch splits up.
#include <string>
#include <vector>

#include "programs/exported_call.h"

namespace limbeck {

/// Returns the values that this node gives, in the order of its results. Some may be missing at the end, or nullptr:
/// what training alone would need. Throws Error if it cannot be translated.
std::vector<ProgramBuilder::Value*> translate(ExportedCall& call);

/// Whether a node checks something that holds, and gives nothing: assertions, ranges of sizes.
bool is_assertion(const std::string& target);

}  // namespace limbeck

#pragma once
// The numbers by which the JSON of torch.export names types of elements and memory formats.
#include <c10/core/MemoryFormat.h>
#include <c10/core/ScalarType.h>

#include <cstdint>

namespace limbeck {

/// Throws Error if LibTorch has no such type.
at::ScalarType exported_scalar_type(int64_t number);
/// Throws Error if LibTorch has no such format.
at::MemoryFormat exported_memory_format(int64_t number);
/// Throws Error unless the layout is the strided one.
void check_exported_layout(int64_t number);

}  // namespace limbeck

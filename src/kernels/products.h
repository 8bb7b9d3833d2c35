#pragma once
// Matrix products on the CPU by oneDNN, which selects the widest instructions at run time. All matrices are row-major
// and contiguous.
#include <ATen/core/Tensor.h>
#include <c10/util/BFloat16.h>

namespace limbeck {

/// Whether the build has oneDNN; if not, multiply throws.
bool has_products();
/// Whether the processor multiplies bfloat16 faster than float32 (AVX512_BF16 or AMX).
bool has_fast_bfloat16();

enum class Layout : char { plain = 'N', transposed = 'T' };

/// Computes C [m, n] = op(A) op(B), op(A) [m, k], op(B) [k, n].
void multiply(Layout a_layout, Layout b_layout, int64_t m, int64_t n, int64_t k, const float* a, const float* b,
              float* c);
/// The same for factors in bfloat16, accumulating in float32.
void multiply(Layout a_layout, Layout b_layout, int64_t m, int64_t n, int64_t k, const c10::BFloat16* a,
              const c10::BFloat16* b, float* c);

/// Rounds float32 to the nearest bfloat16, ties to even, in one pass; the result is contiguous.
at::Tensor to_bfloat16(const at::Tensor& values);

}  // namespace limbeck

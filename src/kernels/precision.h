#pragma once

namespace limbeck {

/// In what the factors of large matrix products are given; sums, activations, weights and everything else are float32.
enum class Precision { float32, bfloat16 };

}  // namespace limbeck

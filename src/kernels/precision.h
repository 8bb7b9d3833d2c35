#pragma once

namespace limbeck {

/// The type of the factors of large matrix products. Sums, activations, weights and everything else are float32.
enum class Precision { float32, bfloat16 };

}  // namespace limbeck

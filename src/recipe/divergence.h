#pragma once

namespace limbeck {

/// Which of two distributions the Kullback-Leibler divergence is averaged over: KL(given, sought), or KL(sought,
/// given).
enum class Divergence { forward, reverse };

}  // namespace limbeck

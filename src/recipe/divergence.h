#pragma once

namespace limbeck {

/// Direction of the Kullback-Leibler divergence: KL(given, sought) or KL(sought, given).
enum class Divergence { forward, reverse };

}  // namespace limbeck

#pragma once
// Updates of many parameters at once: see sgd_update and adam_update in operators.h.
#include "device/programs/numbers.h"

namespace limbeck {

/// A parameter with its state, all of the same order in memory.
struct UpdatedParameter {
  float *value, *first, *second;  ///< momentum; or mean and mean square
  const void* gradient;           ///< float, or Bfloat16
  Bfloat16* rounded;              ///< or null
  uint32_t count;
  bool has_narrow_gradient;
};

struct UpdateList {
  static constexpr int kMost = 72, kThreads = 256, kElements = 2048;  ///< elements of a block
  UpdatedParameter parameters[kMost];
  uint32_t first_blocks[kMost + 1];
  int count;

  /// Calls body(parameter, element, gradient) for the elements of a thread.
  template <class Body>
  LIMBECK_DEVICE void for_each(int64_t block, int thread, const Body& body) const {
    int low = 0, high = count;  // the last parameter whose first block is not behind this one
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      if (first_blocks[middle] <= block)
        low = middle;
      else
        high = middle;
    }
    const UpdatedParameter parameter = parameters[low];
    const int64_t first = (block - first_blocks[low]) * kElements;
    const int64_t count = parameter.count, last = first + kElements < count ? first + kElements : count;
    LIMBECK_UNROLL
    for (int64_t i = first + thread; i < last; i += kThreads) {
      body(parameter, i,
           parameter.has_narrow_gradient ? to_float(static_cast<const Bfloat16*>(parameter.gradient)[i])
                                         : static_cast<const float*>(parameter.gradient)[i]);
      if (parameter.rounded != nullptr) store(parameter.value[i], parameter.rounded[i]);
    }
  }
};

/// g ← ∇ + λ w    m ← μ m + g    w ← w − η (g + μ m  if nesterov else  m)
struct SgdUpdateProgram {
  static constexpr const char* kName = "sgd_update";
  static constexpr int kThreads = UpdateList::kThreads, kPhases = 1;
  struct Shared {};
  UpdateList list;
  const float* rate;
  const int64_t* state;
  float decay, momentum;
  float ahead, along;  ///< how much of the gradient, and of the momentum, goes into the step

  LIMBECK_DEVICE void run(int, int64_t block, int thread, Shared&) const {
    if (state[1] >= 0) return;
    const float by = *rate;
    list.for_each(block, thread, [&](const UpdatedParameter& parameter, int64_t i, float gradient) {
      const float value = parameter.value[i], pulled = gradient + decay * value;
      const float next = momentum * parameter.first[i] + pulled;
      parameter.first[i] = next;
      parameter.value[i] = value - by * (ahead * pulled + along * next);
    });
  }
};

/// m ← β₁ m + (1 − β₁) g    v ← β₂ v + (1 − β₂) g²    w ← w − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
struct AdamUpdateProgram {
  static constexpr const char* kName = "adam_update";
  static constexpr int kThreads = UpdateList::kThreads, kPhases = 2;
  struct Shared {
    float rate, root_scale, shrink;
    bool active;
  };
  UpdateList list;
  const float* rate;
  const int64_t *steps, *state;
  double beta1, beta2, decay;
  float epsilon;
  bool decoupled;

  LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
    if (phase == 0) {
      if (thread == 0) prepare(shared);
      return;
    }
    if (!shared.active) return;
    const auto keeps1 = static_cast<float>(beta1), keeps2 = static_cast<float>(beta2);
    const float coupled = decoupled ? 0.0F : static_cast<float>(decay);
    const float by = shared.rate, root_scale = shared.root_scale, shrink = shared.shrink;
    list.for_each(block, thread, [&](const UpdatedParameter& parameter, int64_t i, float gradient) {
      const float value = parameter.value[i], pulled = gradient + coupled * value;
      const float mean = keeps1 * parameter.first[i] + (1 - keeps1) * pulled;
      const float square = keeps2 * parameter.second[i] + (1 - keeps2) * pulled * pulled;
      parameter.first[i] = mean;
      parameter.second[i] = square;
      parameter.value[i] = shrink * value - by * mean / (std::sqrt(square) * root_scale + epsilon);
    });
  }

  LIMBECK_DEVICE void prepare(Shared& shared) const {
    const auto count = static_cast<double>(*steps);
    const double exact_rate = *rate;
    shared.active = state[1] < 0;
    shared.rate = static_cast<float>(exact_rate / (1 - std::pow(beta1, count)));
    shared.root_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, count)));
    shared.shrink = static_cast<float>(decoupled ? 1 - exact_rate * decay : 1.0);
  }
};

}  // namespace limbeck

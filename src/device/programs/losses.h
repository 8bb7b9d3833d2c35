#pragma once
// Losses of logits [N, C], float32, with their gradients. Threads share a row: `lanes` of them, a power of 2 of at most
// 32.
#include "device/programs/numbers.h"

namespace limbeck {

struct LossRows {
  static constexpr int kThreads = 256;
  int64_t rows, classes;
  int lanes;

  LIMBECK_DEVICE int64_t row(int64_t block, int thread) const { return block * (kThreads / lanes) + thread / lanes; }
  /// The largest or the sum of a row's numbers, one of each lane, the same in all.
  LIMBECK_DEVICE float largest(int thread, const float* numbers) const {
    const int first = thread / lanes * lanes;
    float most = numbers[first];
    for (int i = 1; i < lanes; ++i) most = numbers[first + i] > most ? numbers[first + i] : most;
    return most;
  }
  LIMBECK_DEVICE float sum(int thread, const float* numbers) const {
    const int first = thread / lanes * lanes;
    float sum = numbers[first];
    for (int i = 1; i < lanes; ++i) sum += numbers[first + i];
    return sum;
  }
  /// The largest that a lane sees.
  LIMBECK_DEVICE float largest_of_lane(int thread, const float* z) const {
    float most = -INFINITY;
    for (int64_t c = thread % lanes; c < classes; c += lanes) most = z[c] > most ? z[c] : most;
    return most;
  }
  LIMBECK_DEVICE float exponentials_of_lane(int thread, const float* z, float most, double temperature) const {
    float sum = 0;
    for (int64_t c = thread % lanes; c < classes; c += lanes) sum += std::exp(shifted(z[c], most, temperature));
    return sum;
  }
  /// In double: the difference may be past float's largest.
  LIMBECK_DEVICE static float shifted(float z, float most, double temperature) {
    return static_cast<float>((static_cast<double>(z) - most) / temperature);
  }
};

/// Σ_c p (log p − log q) of each block's rows, or −p log q, and the gradient.
struct SoftTargetsProgram {
  static constexpr const char* kName = "soft_target_loss";
  static constexpr int kThreads = LossRows::kThreads, kPhases = 5;
  struct Shared {
    float most_z[kThreads], most_v[kThreads], sum_z[kThreads], sum_v[kThreads];
    double values[kThreads];
  };
  LossRows rows;
  const float *z, *v;
  float* gradient;
  double* partial;  ///< [blocks]
  double temperature;
  float gradient_factor;  ///< factor / T
  bool cross_entropy;

  LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
    const int64_t row = rows.row(block, thread), at = row * rows.classes;
    const bool inside = row < rows.rows;
    if (phase == 0) {
      shared.most_z[thread] = inside ? rows.largest_of_lane(thread, z + at) : 0;
      shared.most_v[thread] = inside ? rows.largest_of_lane(thread, v + at) : 0;
    } else if (phase == 1) {
      const float most_z = rows.largest(thread, shared.most_z), most_v = rows.largest(thread, shared.most_v);
      shared.sum_z[thread] = inside ? rows.exponentials_of_lane(thread, z + at, most_z, temperature) : 0;
      shared.sum_v[thread] = inside ? rows.exponentials_of_lane(thread, v + at, most_v, temperature) : 0;
    } else if (phase == 2) {
      shared.values[thread] = inside ? value_of_lane(at, thread, shared) : 0;
    } else if (phase == 3) {
      sum_parts(thread, shared.values);
    } else if (thread == 0) {
      partial[block] = sum_of_parts(shared.values);
    }
  }

  LIMBECK_DEVICE double value_of_lane(int64_t at, int thread, const Shared& shared) const {
    const float most_z = rows.largest(thread, shared.most_z), most_v = rows.largest(thread, shared.most_v);
    const float log_z = std::log(rows.sum(thread, shared.sum_z)), log_v = std::log(rows.sum(thread, shared.sum_v));
    double value = 0;
    for (int64_t c = thread % rows.lanes; c < rows.classes; c += rows.lanes) {
      const float log_q = LossRows::shifted(z[at + c], most_z, temperature) - log_z;
      const float log_p = LossRows::shifted(v[at + c], most_v, temperature) - log_v;
      const float p = std::exp(log_p);
      value += p * (cross_entropy ? -log_q : log_p - log_q);
      gradient[at + c] = (std::exp(log_q) - p) * gradient_factor;
    }
    return value;
  }
};

/// Each block's part of the mean of −log softmax(z)[label] by weights, and the gradient. Each block adds up all
/// weights.
struct LabelLossProgram {
  static constexpr const char* kName = "label_loss";
  static constexpr int kThreads = LossRows::kThreads, kPhases = 5;
  struct Shared {
    float most[kThreads], sum[kThreads];
    double weights[kThreads], values[kThreads];
  };
  LossRows rows;
  const float* z;
  const int64_t *labels, *partners;  ///< partners: or null
  const float* mix;                  ///< or null
  float* gradient;
  double* partial;  ///< [blocks]

  /// NaN for a label that is no class.
  LIMBECK_DEVICE float weight(int64_t label, float share) const {
    if (label < 0) return 0;
    return label < rows.classes ? share : NAN;
  }
  LIMBECK_DEVICE float weight_of_label(int64_t row) const {
    return weight(labels[row], mix == nullptr ? 1.0F : mix[row]);
  }
  LIMBECK_DEVICE float weight_of_partner(int64_t row) const {
    return partners == nullptr ? 0.0F : weight(partners[row], 1 - mix[row]);
  }

  LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
    const int64_t row = rows.row(block, thread), at = row * rows.classes;
    const bool inside = row < rows.rows;
    if (phase == 0) {
      double sum = 0;
      for (int64_t i = thread; i < rows.rows; i += kThreads) sum += weight_of_label(i) + weight_of_partner(i);
      shared.weights[thread] = sum;
      shared.most[thread] = inside ? rows.largest_of_lane(thread, z + at) : 0;
    } else if (phase == 1) {
      sum_parts(thread, shared.weights);
      const float most = rows.largest(thread, shared.most);
      shared.sum[thread] = inside ? rows.exponentials_of_lane(thread, z + at, most, 1) : 0;
    } else if (phase == 2) {
      shared.values[thread] = inside ? value_of_lane(row, thread, shared) : 0;
    } else if (phase == 3) {
      sum_parts(thread, shared.values);
    } else if (thread == 0) {
      partial[block] = sum_of_parts(shared.values) / divisor(shared);
    }
  }

  LIMBECK_DEVICE static double divisor(const Shared& shared) {
    const double weights = sum_of_parts(shared.weights);
    return weights == 0 ? 1 : weights;
  }

  LIMBECK_DEVICE double value_of_lane(int64_t row, int thread, const Shared& shared) const {
    const float most = rows.largest(thread, shared.most), log_sum = std::log(rows.sum(thread, shared.sum));
    const float of_label = weight_of_label(row), of_partner = weight_of_partner(row);
    const int64_t label = labels[row], partner = partners == nullptr ? -1 : partners[row];
    const auto divided_by = static_cast<float>(divisor(shared));
    double value = 0;
    for (int64_t c = thread % rows.lanes; c < rows.classes; c += rows.lanes) {
      const int64_t at = row * rows.classes + c;
      const float log_q = LossRows::shifted(z[at], most, 1) - log_sum;
      const float target = (c == label ? of_label : 0.0F) + (c == partner ? of_partner : 0.0F);
      if (target != 0) value += target * -log_q;
      gradient[at] = ((of_label + of_partner) * std::exp(log_q) - target) / divided_by;
    }
    return value;
  }
};

/// factor · the sum of the blocks' parts, by one block.
struct SumPartsProgram {
  static constexpr const char* kName = "sum_parts";
  static constexpr int kThreads = 256, kPhases = 3;
  struct Shared {
    double values[kThreads];
  };
  const double* partial;
  int64_t count;
  double factor;
  float* value;

  LIMBECK_DEVICE void run(int phase, int64_t, int thread, Shared& shared) const {
    if (phase == 0) {
      double sum = 0;
      for (int64_t i = thread; i < count; i += kThreads) sum += partial[i];
      shared.values[thread] = sum;
    } else if (phase == 1) {
      sum_parts(thread, shared.values);
    } else if (thread == 0) {
      *value = static_cast<float>(sum_of_parts(shared.values) * factor);
    }
  }
};

}  // namespace limbeck

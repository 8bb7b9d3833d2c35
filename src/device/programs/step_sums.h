#pragma once
// The running sums of an epoch: see add_step in operators.h.
#include "device/programs/numbers.h"

namespace limbeck {

/// Labelled rows of logits [N, C], and those whose largest logit, the first of equals, is not that of the label.
template <class T>
struct LogitRows {
  const T* logits;
  const int64_t* labels;
  int64_t rows, classes;

  /// Whether one of the classes first, first + step, … beats the label.
  LIMBECK_DEVICE bool wrong(int64_t row, int64_t first, int64_t step) const {
    const int64_t label = labels[row];
    if (label >= classes) return true;
    const T* z = logits + row * classes;
    const float of_label = to_float(z[label]);
    bool beaten = false;
    for (int64_t c = first; c < classes; c += step) {
      const float other = to_float(z[c]);
      beaten = beaten || other > of_label || (other == of_label && c < label);
    }
    return beaten;
  }
};

/// Counts the labelled rows and the errors of each block's rows; `lanes` threads share a row.
template <class T>
struct CountErrorsProgram {
  static constexpr const char* kName = "count_errors";
  static constexpr int kThreads = 256, kPhases = 4;
  struct Shared {
    int wrong[kThreads], labelled[kThreads], errors[kThreads];
  };
  LogitRows<T> rows;
  int lanes;
  int64_t* partial;  ///< [blocks, 2]

  LIMBECK_DEVICE void run(int phase, int64_t block, int thread, Shared& shared) const {
    const int64_t row = block * (kThreads / lanes) + thread / lanes;
    const int lane = thread % lanes;
    if (phase == 0) {
      const bool labelled = row < rows.rows && rows.labels[row] >= 0;
      shared.wrong[thread] = labelled && rows.wrong(row, lane, lanes) ? 1 : 0;
      shared.labelled[thread] = labelled && lane == 0 ? 1 : 0;
    } else if (phase == 1) {
      int wrong = 0;
      for (int i = 0; lane == 0 && i < lanes; ++i) wrong |= shared.wrong[thread + i];
      shared.errors[thread] = wrong;
    } else if (phase == 2) {
      sum_parts(thread, shared.labelled);
      sum_parts(thread, shared.errors);
    } else if (thread == 0) {
      partial[2 * block] = sum_of_parts(shared.labelled);
      partial[2 * block + 1] = sum_of_parts(shared.errors);
    }
  }
};

/// One block. Counts by itself, or adds up what CountErrorsProgram counted.
template <class T>
struct AddStepProgram {
  static constexpr const char* kName = "add_step";
  static constexpr int kThreads = 256, kPhases = 3, kMostTerms = 64;
  struct Shared {
    int64_t labelled[kThreads], errors[kThreads];
  };
  LogitRows<T> rows;
  const int64_t* partial;  ///< [pieces, 2], or null
  int64_t pieces;
  double* sums;
  int64_t* state;
  float* failed;
  const float *rates, *values, *weights;  ///< values: of the terms
  float* rate;
  int64_t steps, networks;
  int terms;
  uint64_t needs_labels;  ///< bit i: term i is a mean over labelled examples

  LIMBECK_DEVICE void run(int phase, int64_t, int thread, Shared& shared) const {
    if (phase == 0) {
      count(thread, shared);
    } else if (phase == 1) {
      sum_parts(thread, shared.labelled);
      sum_parts(thread, shared.errors);
    } else if (thread == 0) {
      finish(sum_of_parts(shared.labelled), sum_of_parts(shared.errors));
    }
  }

  LIMBECK_DEVICE void count(int thread, Shared& shared) const {
    int64_t labelled = 0, errors = 0;
    if (partial != nullptr) {
      for (int64_t i = thread; i < pieces; i += kThreads) {
        labelled += partial[2 * i];
        errors += partial[2 * i + 1];
      }
    } else {
      for (int64_t row = thread; row < rows.rows; row += kThreads) {
        if (rows.labels[row] < 0) continue;
        ++labelled;
        errors += rows.wrong(row, 0, 1) ? 1 : 0;
      }
    }
    shared.labelled[thread] = labelled;
    shared.errors[thread] = errors;
  }

  LIMBECK_DEVICE void finish(int64_t labelled_rows, int64_t errors) const {
    const int64_t step = state[0];
    *rate = rates[step < 0 ? 0 : step < steps ? step : steps - 1];
    state[0] = step + 1;
    if (state[1] >= 0) return;
    float total = 0;
    for (int i = 0; i < terms; ++i) total += weights[i] * values[i];
    total *= static_cast<float>(networks);
    if (!(total - total == 0)) {  // infinite, or not a number
      state[1] = step;
      failed[0] = total;
      for (int i = 0; i < terms; ++i) failed[1 + i] = values[i];
      return;
    }
    const auto examples = static_cast<double>(rows.rows), labelled = static_cast<double>(labelled_rows);
    sums[0] += examples;
    sums[1] += total * examples / static_cast<double>(networks);
    sums[2] += labelled;
    sums[3] += static_cast<double>(errors);
    for (int i = 0; i < terms; ++i) {
      const double count = needs_labels >> i & 1 ? labelled : examples;
      sums[4 + 2 * i] += values[i] * count;
      sums[5 + 2 * i] += count;
    }
  }
};

}  // namespace limbeck

#pragma once
// The random numbers of core/random.h in block programs.
#include "device/programs/numbers.h"

namespace limbeck {

struct PhiloxWords {
  uint32_t words[4];
};

/// Philox4x32-10 of J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011.
LIMBECK_DEVICE inline PhiloxWords philox_words(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t seed) {
  auto key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * c0, product1 = uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ key0;
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c1 = static_cast<uint32_t>(product1);
    c3 = static_cast<uint32_t>(product0);
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return {{c0, c1, c2, c3}};
}

/// floor(a · b / 2^64)
LIMBECK_DEVICE inline uint64_t high_product(uint64_t a, uint64_t b) {
  const uint64_t a1 = a >> 32, a0 = a & 0xffffffff, b1 = b >> 32, b0 = b & 0xffffffff;
  const uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (middle & 0xffffffff);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

/// A view of each example; operators.h.
struct DrawViewsProgram {
  static constexpr const char* kName = "draw_views";
  static constexpr int kThreads = 256, kPhases = 1;
  struct Shared {};
  const int64_t *ids, *epoch;
  int64_t* views;
  int64_t rows;
  uint64_t seed, count;
  uint32_t purpose;  ///< Purpose::view << 24

  LIMBECK_DEVICE void run(int, int64_t block, int thread, Shared&) const {
    const int64_t i = block * kThreads + thread;
    if (i >= rows) return;
    const PhiloxWords drawn =
        philox_words(static_cast<uint32_t>(ids[i]), static_cast<uint32_t>(*epoch), purpose, 0, seed);
    const bool narrow = count <= uint64_t{1} << 32;
    const uint64_t first = drawn.words[0];
    views[i] = static_cast<int64_t>(narrow ? first * count >> 32 : high_product(first << 32 | drawn.words[1], count));
  }
};

/// Dropout of x [N, units]; a thread decides over the 8 units of a block of random bits.
template <class T>
struct DropUnitsProgram {
  static constexpr const char* kName = "drop_units";
  static constexpr int kThreads = 256, kPhases = 1, kUnits = 8;
  struct Shared {};
  const T* x;
  T* y;
  const int64_t *ids, *epoch;
  uint32_t rows, units, bit_blocks;  ///< units and blocks of an example
  uint32_t channels, positions;      ///< in memory, positions come first: unit = channel · positions + position
  uint64_t seed;
  uint32_t purpose, threshold;  ///< Purpose::dropout << 24 | lane << 16; in units of 2⁻¹⁶
  float kept;

  LIMBECK_DEVICE void run(int, int64_t block, int thread, Shared&) const {
    const int64_t i = block * kThreads + thread;
    if (i >= static_cast<int64_t>(rows) * bit_blocks) return;
    const uint32_t row = static_cast<uint32_t>(i) / bit_blocks;
    uint32_t bits = static_cast<uint32_t>(i) % bit_blocks;
    // Neighbouring threads take neighbouring channels where they are neighbours in memory.
    if (channels > 1 && positions % kUnits == 0) bits = bits % channels * (positions / kUnits) + bits / channels;
    const PhiloxWords drawn = philox_words(static_cast<uint32_t>(ids[row]), static_cast<uint32_t>(*epoch),
                                           purpose | (bits & 0xffff), bits >> 16, seed);
    for (int j = 0; j < kUnits; ++j) {
      const uint32_t unit = bits * kUnits + static_cast<uint32_t>(j);
      if (unit >= units) return;
      const uint32_t at = row * units + (channels > 1 ? unit % positions * channels + unit / positions : unit);
      const uint32_t drawn_bits = drawn.words[j / 2] >> (j % 2 * 16) & 0xffff;
      store(to_float(x[at]) * (drawn_bits >= threshold ? kept : 0.0F), y[at]);
    }
  }
};

}  // namespace limbeck

#pragma once
// Numbers of block programs: bfloat16, vectors of 16 bytes, the activation, sums of a block.
#include <cmath>

#include "device/block_program.h"

namespace limbeck {

/// The upper half of a float; LibTorch's c10::BFloat16 in memory.
struct Bfloat16 {
  uint16_t bits;
};

LIMBECK_DEVICE inline float to_float(float x) {
  return x;
}
LIMBECK_DEVICE inline float to_float(Bfloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

LIMBECK_DEVICE inline void store(float value, float& to) {
  to = value;
}
/// Rounds to the nearest, of two to the even.
LIMBECK_DEVICE inline void store(float value, Bfloat16& to) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  to.bits = static_cast<uint16_t>(value != value ? 0x7fc0 : rounded);
}

/// N numbers that are read and written together.
template <class T, int N>
struct alignas(N * sizeof(T)) Pack {
  T values[N];
};
template <class T, int N>
LIMBECK_DEVICE inline Pack<T, N> load_pack(const T* from) {
  return *reinterpret_cast<const Pack<T, N>*>(from);
}
template <class T, int N>
LIMBECK_DEVICE inline void store_pack(const Pack<T, N>& pack, T* to) {
  *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

/// See DeviceRectifier.
struct ProgramRectifier {
  bool on;
  float slope, most;

  LIMBECK_DEVICE float of(float x) const {
    if (!on) return x;
    return x > 0 ? (x < most ? x : most) : x * slope;
  }
  /// What of a gradient passes where the output was y.
  LIMBECK_DEVICE float passed(float gradient, float y) const {
    if (!on) return gradient;
    return y > 0 ? (y < most ? gradient : 0.0F) : gradient * slope;
  }
};

/// The sum of one number of each of 256 threads, in two phases.
constexpr int kSumParts = 16;
template <class Number>
LIMBECK_DEVICE inline void sum_parts(int thread, Number* numbers) {
  if (thread >= kSumParts) return;
  Number sum = numbers[thread];
  for (int i = thread + kSumParts; i < kSumParts * kSumParts; i += kSumParts) sum += numbers[i];
  numbers[thread] = sum;
}
template <class Number>
LIMBECK_DEVICE inline Number sum_of_parts(const Number* numbers) {
  Number sum = numbers[0];
  for (int i = 1; i < kSumParts; ++i) sum += numbers[i];
  return sum;
}

}  // namespace limbeck

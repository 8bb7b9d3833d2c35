#pragma once
// What the operators' kernels ask of tensors.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <initializer_list>
#include <type_traits>

#include "core/random.h"
#include "device/implementations.h"
#include "device/launch.h"

namespace limbeck {

inline constexpr auto kPicturesFormat = at::MemoryFormat::ChannelsLast;

inline int64_t ceil_of(int64_t count, int64_t each) {
  return (count + each - 1) / each;
}

template <class T>
T* data_of(const at::Tensor& tensor) {
  return static_cast<T*>(tensor.data_ptr());
}

inline bool is_float(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat;
}
inline bool is_narrow(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kBFloat16;
}
inline bool has_program_type(const at::Tensor& tensor) {
  return is_float(tensor) || is_narrow(tensor);
}
inline bool is_float_vector(const at::Tensor& tensor, int64_t size) {
  return is_float(tensor) && tensor.dim() == 1 && tensor.size(0) == size && tensor.is_contiguous();
}

/// Calls body(T{}) with the numbers' type.
template <class Body>
void with_type(const at::Tensor& tensor, const Body& body) {
  if (is_float(tensor))
    body(float{});
  else
    body(Bfloat16{});
}

inline bool is_pictures(const at::Tensor& x) {
  return x.dim() == 4 && x.is_contiguous(kPicturesFormat);
}
/// Whether x [N, C, …] is rows of channels in memory.
inline bool is_rows(const at::Tensor& x) {
  return is_pictures(x) || (x.dim() == 2 && x.is_contiguous());
}
/// x, as rows of channels.
inline at::Tensor as_rows(const at::Tensor& x) {
  return x.dim() == 4 ? x.contiguous(kPicturesFormat) : x.contiguous();
}

/// How many of a channel's elements are neighbours in memory; 0: x [N, C, …] is in no such order.
inline int64_t inner_of(const at::Tensor& x) {
  if (x.dim() < 2 || x.numel() == 0 || x.numel() >= int64_t{1} << 31) return 0;
  if (is_rows(x)) return 1;
  return x.is_contiguous() ? x.numel() / (x.size(0) * x.size(1)) : 0;
}

inline bool is_aligned(const at::Tensor& tensor) {
  return reinterpret_cast<uintptr_t>(tensor.data_ptr()) % 16 == 0;
}

/// Calls body(T{}, width): float or Bfloat16, and how many a thread takes at once, an integral_constant.
template <class Body>
void with_packs(const at::Tensor& tensor, bool packs, const Body& body) {
  with_type(tensor, [&](auto number) {
    using T = decltype(number);
    if (packs)
      body(number, std::integral_constant<int, 16 / sizeof(T)>{});
    else
      body(number, std::integral_constant<int, 1>{});
  });
}

inline ProgramRectifier program_rectifier(bool on, double slope, double most) {
  return {on, static_cast<float>(slope), static_cast<float>(most)};
}

inline uint32_t purpose_word(Purpose purpose, int64_t lane) {
  return static_cast<uint32_t>(purpose) << 24 | static_cast<uint32_t>(lane) << 16;
}

/// The smallest power of 2 that is not below n, at most `most`.
inline int power_of_2(int64_t n, int most) {
  int power = 1;
  while (power < n && power < most) power *= 2;
  return power;
}

inline bool is_words(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kLong && tensor.is_contiguous();
}

inline bool can_pack(const at::Tensor& x, std::initializer_list<at::Tensor> others) {
  if (x.size(1) % (16 / x.element_size()) != 0 || !is_aligned(x)) return false;
  return std::all_of(others.begin(), others.end(),
                     [](const at::Tensor& other) { return !other.defined() || is_aligned(other); });
}

inline bool is_alike(const at::Tensor& x, const at::Tensor& other) {
  return other.scalar_type() == x.scalar_type() && other.sizes() == x.sizes();
}

}  // namespace limbeck

#include "programs/stored_tensor.h"

#include <ATen/ops/empty.h>

#include <cstring>

#include "core/error.h"

namespace limbeck {

StoredMemory::StoredMemory(std::string_view bytes)
    : bytes_(at::empty({static_cast<int64_t>(bytes.size())}, at::kByte)) {
  if (!bytes.empty()) std::memcpy(bytes_.data_ptr(), bytes.data(), bytes.size());
}

at::Tensor StoredMemory::tensor(const StoredPlace& place) const {
  constexpr int64_t kMostRepeated = int64_t{1} << 24;  // elements of a tensor that repeats those in memory
  if (place.sizes.size() != place.strides.size())
    throw Error(fmt::format("{} sizes and {} strides", place.sizes.size(), place.strides.size()));
  const auto available = bytes_.numel() / static_cast<int64_t>(c10::elementSize(place.dtype));
  int64_t count = 1, last = place.offset;
  bool overflows = place.offset < 0;
  for (size_t axis = 0; axis < place.sizes.size(); ++axis) {
    const int64_t size = place.sizes[axis], stride = place.strides[axis];
    int64_t step = 0;
    overflows |= size < 0 || stride < 0 || __builtin_mul_overflow(count, size, &count) ||
                 (size > 0 && __builtin_mul_overflow(size - 1, stride, &step)) ||
                 __builtin_add_overflow(last, step, &last);
  }
  if (overflows || (count > 0 && last >= available) || count > std::max(available, kMostRepeated))
    throw Error(fmt::format("a tensor of {} does not lie in its {} elements{}", to_text(place.sizes), available,
                            available == 0 ? ": the file holds no weights" : ""));
  at::Tensor tensor = at::empty({0}, place.dtype);
  if (count == 0) return at::empty(place.sizes, place.dtype);
  return tensor.set_(bytes_.storage(), place.offset, place.sizes, place.strides);
}

}  // namespace limbeck

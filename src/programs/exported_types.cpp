#include "programs/exported_types.h"

#include <array>
#include <map>

#include "core/error.h"

namespace limbeck {

at::ScalarType exported_scalar_type(int64_t number) {
  static const std::map<int64_t, at::ScalarType> types = {
      {1, at::kByte},           {2, at::kChar},  {3, at::kShort},    {4, at::kInt},         {5, at::kLong},
      {6, at::kHalf},           {7, at::kFloat}, {8, at::kDouble},   {9, at::kComplexHalf}, {10, at::kComplexFloat},
      {11, at::kComplexDouble}, {12, at::kBool}, {13, at::kBFloat16}};
  const auto found = types.find(number);
  if (found == types.end()) throw Error(fmt::format("elements of an unknown type, of number {}", number));
  return found->second;
}

at::MemoryFormat exported_memory_format(int64_t number) {
  constexpr std::array kFormats = {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast,
                                   at::MemoryFormat::ChannelsLast3d, at::MemoryFormat::Preserve};
  if (number < 1 || number > static_cast<int64_t>(kFormats.size()))
    throw Error(fmt::format("an unknown memory format, of number {}", number));
  return kFormats[static_cast<size_t>(number - 1)];
}

void check_exported_layout(int64_t number) {
  constexpr int64_t kStrided = 7;
  if (number != kStrided) throw Error(fmt::format("a layout that is not strided, of number {}", number));
}

}  // namespace limbeck

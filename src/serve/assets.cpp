#include "serve/assets.h"

#include "data/published/gzip.h"

namespace limbeck {

const Asset* find_asset(std::string_view name) {
  for (const Asset& asset : web_assets())
    if (asset.name == name) return &asset;
  return nullptr;
}

std::string unpack(const Asset& asset) {
  constexpr size_t kLargest = 256 << 20;
  return unpack_gzip(asset.packed, std::string(asset.name), kLargest);
}

}  // namespace limbeck

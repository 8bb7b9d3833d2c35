#pragma once
// The bundled files of web/, embedded in the program as gzip.
#include <span>
#include <string>
#include <string_view>

namespace limbeck {

struct Asset {
  std::string_view name;    ///< "app.js"
  std::string_view type;    ///< media type
  std::string_view tag;     ///< ETag: equal for equal content
  std::string_view packed;  ///< gzip-compressed content
};

/// Returns all assets; empty if built with LIMBECK_WEB=OFF.
std::span<const Asset> web_assets();

/// Returns nullptr if there is no asset of this name.
const Asset* find_asset(std::string_view name);

/// Returns the decompressed content.
std::string unpack(const Asset& asset);

}  // namespace limbeck

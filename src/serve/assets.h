#pragma once
// The files of web/ as the build has bundled them, packed inside of the program.
#include <span>
#include <string>
#include <string_view>

namespace limbeck {

struct Asset {
  std::string_view name;    ///< "app.js"
  std::string_view type;    ///< media type
  std::string_view tag;     ///< equal for equal content
  std::string_view packed;  ///< gzip
};

/// All of them; none in a program that was built without (LIMBECK_WEB=OFF).
std::span<const Asset> web_assets();

/// nullptr where there is none of that name.
const Asset* find_asset(std::string_view name);

/// The file as it was before it was packed.
std::string unpack(const Asset& asset);

}  // namespace limbeck

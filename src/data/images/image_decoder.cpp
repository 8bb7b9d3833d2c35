#include "data/images/image_decoder.h"

#include <array>
#include <utility>

#include "core/error.h"

namespace limbeck {

using namespace std::literals;

ImageFormat image_format(std::string_view bytes) {
  if (bytes.empty()) throw Error("is empty");
  if (bytes.starts_with("\xff\xd8\xff"sv)) return ImageFormat::jpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return ImageFormat::png;
  constexpr std::array<std::pair<std::string_view, const char*>, 5> kOthers = {
      {{"GIF8"sv, "GIF"}, {"BM"sv, "BMP"}, {"II*\0"sv, "TIFF"}, {"MM\0*"sv, "TIFF"}, {"RIFF"sv, "WebP"}}};
  for (const auto& [start, name] : kOthers)
    if (bytes.starts_with(start)) throw Error(fmt::format("is a {} file; expected JPEG or PNG", name));
  throw Error("is neither JPEG nor PNG: its first bytes are those of another kind of file (at offset 0)");
}

}  // namespace limbeck

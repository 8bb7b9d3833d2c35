// In the place of jpeg.cpp and png.cpp, in a build without libjpeg-turbo and libspng.
#include "core/parts.h"
#include "data/images/image_decoder.h"

namespace limbeck {

std::unique_ptr<ImageDecoder> jpeg_decoder() {
  throw left_out("JPEG and PNG files", "LIMBECK_PICTURES");
}
std::unique_ptr<ImageDecoder> png_decoder() {
  throw left_out("JPEG and PNG files", "LIMBECK_PICTURES");
}

}  // namespace limbeck

#pragma once
// Small images embedded in a page.
#include <string>

#include "results/run_files.h"

namespace limbeck {

/// Returns the example's image as a data URL ("data:image/bmp;base64,…"); images larger than 96 pixels are downsampled
/// by averaging. Empty if the example is not an image.
std::string picture_address(const ReportedExample& example);

}  // namespace limbeck

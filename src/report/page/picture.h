#pragma once
// Small pictures inside of a page.
#include <string>

#include "results/run_files.h"

namespace limbeck {

/// The example's picture as a "data:image/bmp;base64,…" address; pictures larger than 96 pixels are averaged down.
/// Empty when the example is no picture.
std::string picture_address(const ReportedExample& example);

}  // namespace limbeck

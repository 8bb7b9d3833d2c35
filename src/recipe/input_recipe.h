#pragma once
// Input preprocessing of a network. Batches hold pixels in [0, 1]; each network resizes and normalizes its own input:
//   y = (x − mean) / std, per channel
//
//   data: { source: cifar10, normalize: standard }   # default of all networks; standard: as is usual for the data
//   networks:
//     teacher: { torchscript: model.pt, input: { size: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } }
#include <cstdint>
#include <vector>

#include "limbeck/fields.h"

namespace limbeck {

/// Mean and deviation of each channel, or one number for all channels.
struct ChannelStatistics {
  std::vector<double> mean;
  std::vector<double> deviation;  ///< key `std`

  bool empty() const { return mean.empty() && deviation.empty(); }
  void bind(Fields& fields);
};

/// Key `normalize` of the data: standard, none, or { mean, std }.
struct NormalizeRecipe {
  enum class By { standard, none, given };
  By by = By::standard;
  ChannelStatistics given;
};

/// Key `input` of a network.
struct InputRecipe {
  std::vector<int64_t> size;     ///< height and width, or one number for both; empty: that of the data
  ChannelStatistics statistics;  ///< empty: the data's `normalize`

  bool empty() const { return size.empty() && statistics.empty(); }
  void bind(Fields& fields);
};

}  // namespace limbeck

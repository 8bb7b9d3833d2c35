#include "recipe/input_recipe.h"

namespace limbeck {

void ChannelStatistics::bind(Fields& fields) {
  fields.numbers("mean", mean, any_number(),
                 "mean of each channel, of pixels in [0, 1]; one number is for all channels");
  fields.numbers("std", deviation, above(0), "standard deviation of each channel; one number is for all channels");
  fields.require_both("mean", "std", mean.empty() == deviation.empty());
}

void InputRecipe::bind(Fields& fields) {
  fields.integers("size", size, between(1, 1e5), {.most = 2},
                  "height and width to which images are resized, or one number for both");
  statistics.bind(fields);
}

}  // namespace limbeck

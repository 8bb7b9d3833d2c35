#include "recipe/input_recipe.h"

namespace limbeck {

void ChannelStatistics::bind(Fields& fields) {
  fields.numbers("mean", mean, any_number(),
                 "mean of each channel, of pixels in [0, 1]; one number is for all channels");
  fields.numbers("std", deviation, above(0), "standard deviation of each channel; one number is for all channels");
  fields.require(mean.empty() == deviation.empty(), "'mean' and 'std' belong together, and one is missing or empty");
}

void InputRecipe::bind(Fields& fields) {
  fields.integers("size", size, between(1, 1e5),
                  "height and width to which images are resized, or one number for both");
  fields.require(size.size() <= 2, "'size' is a height and a width, or one number for both");
  statistics.bind(fields);
}

}  // namespace limbeck

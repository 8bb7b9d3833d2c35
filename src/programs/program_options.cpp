#include "programs/program_options.h"

namespace limbeck {

void ProgramOptions::bind(Fields& fields, const char* what_file) {
  fields.file("file", file, Presence::required, what_file);
  fields.text("output", output, "the one called logits, or else the first",
              "which of several outputs the logits are: its name, or its place, counted from 0; the others are "
              "features");
  fields.choice("returns", returns,
                {{"automatic", ReturnedValues::automatic},
                 {"logits", ReturnedValues::logits},
                 {"probabilities", ReturnedValues::probabilities},
                 {"sigmoid", ReturnedValues::sigmoid}},
                "what the output is: logits, probabilities after a softmax (their logarithms are taken as logits), or "
                "a probability of each class by itself after a sigmoid (log p - log(1 - p) is taken); automatic takes "
                "rows that are distributions as probabilities");
  fields.choice("layout", layout, {{"nchw", InputLayout::nchw}, {"nhwc", InputLayout::nhwc}},
                "order of the dimensions of an image: nhwc has channels last, as TensorFlow and Keras");
  fields.choice(
      "channels", channels,
      {{"same", InputChannels::same}, {"bgr", InputChannels::bgr}, {"gray_to_rgb", InputChannels::gray_to_rgb}},
      "channels of an image: the data's, or those in reverse order (OpenCV's), or a gray image as three "
      "equal channels; `input` normalizes before");
}

}  // namespace limbeck

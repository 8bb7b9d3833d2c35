#pragma once
// Options of a network that is a program from a file: how its input is given to it, and which of its outputs are
// logits.
//
//   networks: { teacher: { onnx: { file: teacher.onnx, layout: nhwc, channels: bgr, output: head2 } } }
#include <string>

#include "limbeck/fields.h"

namespace limbeck {

/// The order of the program's input dimensions.
enum class InputLayout { nchw, nhwc };
/// The channels that it takes: those of the data, in the reverse order, or a gray image as three channels.
enum class InputChannels { same, bgr, gray_to_rgb };
/// What its output is: `automatic` tells probabilities, whose rows are distributions, from logits.
enum class ReturnedValues { automatic, logits, probabilities, sigmoid };

struct ProgramOptions {
  std::string file;
  std::string output;  ///< a key or a place; empty: "logits", or the first
  ReturnedValues returns = ReturnedValues::automatic;
  InputLayout layout = InputLayout::nchw;
  InputChannels channels = InputChannels::same;

  void bind(Fields& fields, const char* what_file);
};

}  // namespace limbeck

#include "limbeck/operation.h"

#include <functional>
#include <numeric>

namespace limbeck {
namespace {

template <class... Cases>
struct NameOf : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
NameOf(Cases...) -> NameOf<Cases...>;

}  // namespace

int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

std::string to_text(const Shape& shape) {
  std::string text;
  for (const int64_t extent : shape) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text.empty() ? "scalar" : text;
}

std::string operation_name(const Operation& operation) {
  return std::visit(
      NameOf{[](const Linear&) { return "linear"; }, [](const Convolution&) { return "convolution"; },
             [](const BatchNorm&) { return "batch_norm"; }, [](const Relu&) { return "relu"; },
             [](const Relu6&) { return "relu6"; }, [](const LeakyRelu&) { return "leaky_relu"; },
             [](const Maxout&) { return "maxout"; }, [](const MaxPool&) { return "max_pool"; },
             [](const AveragePool&) { return "average_pool"; },
             [](const GlobalAveragePool&) { return "global_average_pool"; }, [](const Add&) { return "add"; },
             [](const Concatenate&) { return "concatenate"; }, [](const Slice&) { return "slice"; },
             [](const ChannelShuffle&) { return "channel_shuffle"; }, [](const Dropout&) { return "dropout"; },
             [](const Flatten&) { return "flatten"; }, [](const Normalize&) { return "normalize"; },
             [](const Resize&) { return "resize"; }, [](const Quantize&) { return "quantize"; }},
      operation);
}

}  // namespace limbeck

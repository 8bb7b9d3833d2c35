// Classifies one picture with a network that `limbeck export` wrote, by the C++ standard library alone: all that a
// target device needs.
//
//   limbeck export runs/a/stages/distilled/weights.safetensors --out student.safetensors   # and student.json
//   g++ -std=c++20 -O3 classify.cpp -o classify
//   ./classify student.json picture.pgm   # PGM or PPM of 8 bits; any other file is read as raw bytes [C, H, W]
//
// It computes multi-layer perceptrons and most convolutional networks, residual ones and the Keras student among them,
// each layer by its formula and without tricks; a layer that it does not know is an error.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <sstream>

#include "files.h"

namespace {

struct Tensor {
  std::vector<int> shape;  // [features] or [channels, height, width]
  Floats values;
};

struct Layer {
  const Json& json;
  const std::map<std::string, Floats>& weights;

  /// The layer's tensor of that role; empty where it has none, as a linear layer may have no bias.
  Floats parameter(const std::string& role) const {
    const Json& names = json.at("parameters");
    return names.members.count(role) != 0 ? weights.at(names.at(role).text) : Floats{};
  }
};

/// y = x Wᵀ + b
Tensor linear(const Layer& layer, const Tensor& x) {
  const Floats weight = layer.parameter("weight"), bias = layer.parameter("bias");
  Tensor y{layer.json.at("shape").wholes(), {}};
  for (int o = 0; o < y.shape[0]; ++o) {
    float sum = bias.empty() ? 0 : bias[o];
    for (size_t i = 0; i < x.values.size(); ++i) sum += weight[o * x.values.size() + i] * x.values[i];
    y.values.push_back(sum);
  }
  return y;
}

/// Each output is folded from `start(channel)` over use(so far, channel, kernel row and column, input row and column).
template <class Start, class Use>
Tensor windows(const Layer& layer, const Tensor& x, Start start, Use use) {
  const int kernel = layer.json.whole("kernel"), stride = layer.json.whole("stride"),
            padding = layer.json.whole("padding");
  Tensor y{layer.json.at("shape").wholes(), {}};
  for (int c = 0; c < y.shape[0]; ++c)
    for (int row = 0; row < y.shape[1]; ++row)
      for (int column = 0; column < y.shape[2]; ++column) {
        float value = start(c);
        for (int i = 0; i < kernel; ++i)
          for (int j = 0; j < kernel; ++j) {
            const int at_row = row * stride - padding + i, at_column = column * stride - padding + j;
            if (at_row >= 0 && at_row < x.shape[1] && at_column >= 0 && at_column < x.shape[2])
              value = use(value, c, i * kernel + j, at_row * x.shape[2] + at_column);
          }
        y.values.push_back(value);
      }
  return y;
}

Tensor convolution(const Layer& layer, const Tensor& x) {
  const Floats weight = layer.parameter("weight"), bias = layer.parameter("bias");
  const int groups = layer.json.whole("groups"), in = layer.json.whole("in") / groups,
            out = layer.json.whole("out") / groups;
  const int taps = layer.json.whole("kernel") * layer.json.whole("kernel"), area = x.shape[1] * x.shape[2];
  const auto start = [&](int c) { return bias.empty() ? 0.0F : bias[c]; };
  return windows(layer, x, start, [&](float sum, int c, int tap, int place) {
    for (int k = 0; k < in; ++k) sum += weight[(c * in + k) * taps + tap] * x.values[(c / out * in + k) * area + place];
    return sum;
  });
}

Tensor max_pool(const Layer& layer, const Tensor& x) {
  const auto start = [](int) { return -std::numeric_limits<float>::infinity(); };
  const int area = x.shape[1] * x.shape[2];
  return windows(layer, x, start,
                 [&](float largest, int c, int, int place) { return std::max(largest, x.values[c * area + place]); });
}

Tensor average_pool(const Layer& layer, const Tensor& x) {
  const int area = x.shape[1] * x.shape[2];
  const auto taps = static_cast<float>(layer.json.whole("kernel") * layer.json.whole("kernel"));
  return windows(
      layer, x, [](int) { return 0.0F; },
      [&](float sum, int c, int, int place) { return sum + x.values[c * area + place] / taps; });
}

/// y = f(x, channel), of every value.
template <class Function>
Tensor each(const Tensor& x, Function function) {
  Tensor y = x;
  const size_t area = x.values.size() / static_cast<size_t>(x.shape[0]);
  for (size_t i = 0; i < y.values.size(); ++i) y.values[i] = function(x.values[i], i / area);
  return y;
}

Tensor batch_norm(const Layer& layer, const Tensor& x) {
  const Floats weight = layer.parameter("weight"), bias = layer.parameter("bias"),
               mean = layer.parameter("running_mean"), variance = layer.parameter("running_var");
  const auto epsilon = static_cast<float>(layer.json.at("epsilon").number);
  return each(
      x, [&](float v, size_t c) { return (v - mean[c]) / std::sqrt(variance[c] + epsilon) * weight[c] + bias[c]; });
}

Tensor global_average_pool(const Layer& layer, const Tensor& x) {
  Tensor y{layer.json.at("shape").wholes(), Floats(x.shape[0], 0.0F)};
  const size_t area = x.values.size() / y.values.size();
  for (size_t i = 0; i < x.values.size(); ++i) y.values[i / area] += x.values[i] / static_cast<float>(area);
  return y;
}

/// The largest of channels c, C + c, 2 C + c, …, C the channels of the output.
Tensor maxout(const Layer& layer, const Tensor& x) {
  const size_t pieces = static_cast<size_t>(layer.json.whole("pieces")), count = x.values.size() / pieces;
  Tensor y{layer.json.at("shape").wholes(), Floats(x.values.begin(), x.values.begin() + static_cast<long>(count))};
  for (size_t i = count; i < x.values.size(); ++i) y.values[i % count] = std::max(y.values[i % count], x.values[i]);
  return y;
}

Tensor add(Tensor x, const Tensor& other) {
  for (size_t i = 0; i < x.values.size(); ++i) x.values[i] += other.values[i];
  return x;
}

Tensor compute(const Layer& layer, const std::vector<const Tensor*>& inputs) {
  const Json& json = layer.json;
  const std::string& operation = json.at("operation").text;
  const Tensor& x = *inputs.at(0);
  const auto given = [&](const char* key, size_t channel) {
    return static_cast<float>(json.at(key).items.at(channel).number);
  };
  if (operation == "linear") return linear(layer, x);
  if (operation == "convolution") return convolution(layer, x);
  if (operation == "batch_norm") return batch_norm(layer, x);
  if (operation == "relu") return each(x, [](float v, size_t) { return std::max(v, 0.0F); });
  if (operation == "relu6") return each(x, [](float v, size_t) { return std::min(std::max(v, 0.0F), 6.0F); });
  if (operation == "leaky_relu")
    return each(x, [&](float v, size_t) { return v >= 0 ? v : v * static_cast<float>(json.at("slope").number); });
  if (operation == "normalize")
    return each(x, [&](float v, size_t c) { return (v - given("mean", c)) / given("deviation", c); });
  if (operation == "maxout") return maxout(layer, x);
  if (operation == "max_pool") return max_pool(layer, x);
  if (operation == "average_pool") return average_pool(layer, x);
  if (operation == "global_average_pool") return global_average_pool(layer, x);
  if (operation == "add")
    return inputs.size() == 2 ? add(x, *inputs[1]) : throw std::runtime_error("this example adds two inputs");
  if (operation == "flatten") return {json.at("shape").wholes(), x.values};
  if (operation == "dropout") return x;
  throw std::runtime_error("this example does not know the layer '" + operation + "'");
}

/// The picture as the network takes it: bytes times the scale, channel after channel.
Tensor read_picture(const std::string& name, const Json& input) {
  Tensor picture{input.at("shape").wholes(), {}};
  size_t size = 1;
  for (const int extent : picture.shape) size *= static_cast<size_t>(extent);
  std::string bytes = read_file(name);
  const bool is_ppm = bytes.rfind("P6", 0) == 0;
  if (is_ppm || bytes.rfind("P5", 0) == 0) {
    std::istringstream header(bytes.substr(2));
    int width = 0, height = 0, largest = 0;
    if (!(header >> width >> height >> largest) || largest != 255)
      throw std::runtime_error(name + " is no PGM or PPM of 8 bits (or has a comment)");
    if (width != picture.shape.back() || height != picture.shape.at(1))
      throw std::runtime_error(name + " has another size than the network's input");
    bytes = bytes.substr(2 + static_cast<size_t>(header.tellg()) + 1);
  }
  if (bytes.size() != size)
    throw std::runtime_error(name + " has " + std::to_string(bytes.size()) + " bytes, the network takes " +
                             std::to_string(size));
  const size_t channels = static_cast<size_t>(picture.shape[0]), area = size / channels;
  for (size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[is_ppm ? i % area * channels + i / area : i]);
    picture.values.push_back(static_cast<float>(byte) * static_cast<float>(input.at("scale").number));
  }
  return picture;
}

void classify(const std::string& description, const std::string& picture) {
  const Json network = read_json(description);
  const auto weights =
      read_weights((std::filesystem::path(description).parent_path() / network.at("weights").text).string());
  std::map<std::string, Tensor> values;
  values[network.at("input").at("name").text] = read_picture(picture, network.at("input"));
  for (const Json& layer : network.at("layers").items) {
    std::vector<const Tensor*> inputs;
    for (const Json& input : layer.at("inputs").items) inputs.push_back(&values.at(input.text));
    values[layer.at("name").text] = compute({layer, weights}, inputs);
  }
  const Floats& logits = values.at(network.at("output").text).values;
  const size_t best = static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  std::printf("%s\n", network.at("classes").items.at(best).text.c_str());
  for (size_t i = 0; i < logits.size(); ++i)
    std::printf("  %-12s %.7g\n", network.at("classes").items.at(i).text.c_str(), logits[i]);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) throw std::runtime_error("usage: classify student.json picture");
  classify(argv[1], argv[2]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "classify: %s\n", error.what());
  return 1;
}

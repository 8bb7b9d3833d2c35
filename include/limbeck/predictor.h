#pragma once
// Predictions of a trained network.
//
//   const Predictor predictor("runs/digits/stages/distilled/weights.safetensors");
//   const std::vector<float> pixels = …;                     // N · 1 · 28 · 28 numbers from 0 to 1
//   for (const Prediction& prediction : predictor.predict(pixels))
//     std::cout << predictor.classes()[prediction.label] << " " << prediction.probability << "\n";
//
// Thread-safety: several threads may use the same Predictor. They share LibTorch's threads.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "limbeck/api.h"
#include "limbeck/error.h"
#include "limbeck/run_options.h"

namespace at {
class Tensor;
}

namespace limbeck LIMBECK_API {

struct Prediction {
  size_t label = 0;                  ///< index of the most probable class
  double probability = 0;            ///< of that class, from 0 to 1
  std::vector<float> probabilities;  ///< [C], of each class; their sum is 1
};

struct PredictorOptions {
  DeviceChoice device = DeviceChoice::cpu;
  /// Shape of one example, {3, 224, 224}: for TorchScript and ONNX files that Limbeck did not write.
  std::vector<int64_t> input_shape = {};
  /// Names of the classes in place of the file's; empty: the file's, or their numbers.
  std::vector<std::string> classes = {};
};

class Predictor {
 public:
  /// `model`: a file that Limbeck wrote (.safetensors, .pt, .onnx), a TorchScript or ONNX file from elsewhere, or
  /// RUN/STAGE. Throws Error if it cannot be read or used.
  explicit Predictor(const std::filesystem::path& model, const PredictorOptions& options = {});
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;
  ~Predictor();

  /// Shape of one example, {1, 28, 28}: channels, height, width.
  const std::vector<int64_t>& input_shape() const;
  const std::vector<std::string>& classes() const;
  /// Number of trainable parameters.
  int64_t parameter_count() const;

  /// Predicts N examples that lie one after the other, each in row-major order, as the network sees them: the data
  /// set's inputs times its scale, so that pixels are from 0 to 1. Throws Error unless their number is a multiple of an
  /// example's.
  std::vector<Prediction> predict(std::span<const float> examples) const;
  /// The same for bytes, from 0 to 255, which are multiplied by the data set's scale.
  std::vector<Prediction> predict(std::span<const uint8_t> pixels) const;
  /// Predicts JPEG and PNG files, resized to the network's input and cropped in the middle. Throws Error that lists the
  /// files that cannot be read.
  std::vector<Prediction> predict_images(const std::vector<std::filesystem::path>& files) const;

  /// Returns logits [N, C] float32 on the CPU for inputs [N, …], float32 or bytes as above, on any device.
  at::Tensor logits(const at::Tensor& inputs) const;
  /// Returns their softmax.
  at::Tensor probabilities(const at::Tensor& inputs) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace LIMBECK_API

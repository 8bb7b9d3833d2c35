#include "limbeck/predictor.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <iterator>

#include "api/guarded.h"
#include "data/images/image_reader.h"
#include "experiment/device.h"
#include "models/model.h"
#include "models/model_files.h"
#include "nn/inference.h"

namespace limbeck {

struct Predictor::State {
  Model model;
  at::Device device = at::kCPU;
  PreparedWeights prepared;  ///< of a first pass; complete from then on, and only copied

  /// Returns inputs [N, …] as the network takes them.
  at::Tensor numbers(const at::Tensor& inputs) const {
    const Shape& input = model.description.input;
    const bool bytes = inputs.scalar_type() == at::kByte;
    if (!bytes && inputs.scalar_type() != at::kFloat)
      throw Error(fmt::format("the inputs are {}; expected Float or Byte", c10::toString(inputs.scalar_type())));
    if (inputs.dim() < 1 || inputs.sizes().slice(1) != c10::IntArrayRef(input))
      throw Error(
          fmt::format("the inputs are {}; expected N examples of {}", to_text(inputs.sizes().vec()), to_text(input)));
    const at::Tensor there = inputs.to(device);
    if (bytes) return there.to(at::kFloat) * model.description.scale;
    // A program may write into what it is given.
    return dynamic_cast<const GraphNetwork*>(model.network.get()) == nullptr ? there.clone() : there;
  }

  /// Moves the network; an automatic choice falls back to the CPU where it cannot be moved, as an ONNX file.
  void use(DeviceChoice choice) {
    device = device_of(choice);
    try {
      model.network->to(device);
    } catch (const Error&) {
      if (choice != DeviceChoice::automatic) throw;
      device = at::kCPU;
    }
  }

  void name_classes(const std::vector<std::string>& names, size_t count) {
    std::vector<std::string>& classes = model.description.classes;
    if (!names.empty()) classes = names;
    if (classes.empty())
      for (size_t i = 0; i < count; ++i) classes.push_back(std::to_string(i));
    if (classes.size() != count)
      throw Error(fmt::format("the network tells {} classes apart, and {} names are given", count, classes.size()));
  }

  at::Tensor logits(const at::Tensor& inputs) const {
    const at::NoGradGuard no_gradient;
    PreparedWeights mine = prepared;  // shares the tensors: a pass of another thread does not write into it
    std::vector<at::Tensor> parts;
    for (const at::Tensor& part : inputs.split(examples_at_once(*model.network)))
      parts.push_back(model.network->forward(numbers(part), {.prepared = &mine}).logits.to(at::kCPU));
    return parts.size() == 1 ? parts.front() : at::cat(parts);
  }

  std::vector<Prediction> predictions(const at::Tensor& inputs) const {
    const at::Tensor all = at::softmax(logits(inputs), 1).contiguous();
    const int64_t classes = all.size(1);
    std::vector<Prediction> found(static_cast<size_t>(all.size(0)));
    const float* row = all.data_ptr<float>();
    for (Prediction& prediction : found) {
      prediction.probabilities.assign(row, row + classes);
      const auto best = std::max_element(prediction.probabilities.begin(), prediction.probabilities.end());
      prediction.label = static_cast<size_t>(best - prediction.probabilities.begin());
      prediction.probability = *best;
      row += classes;
    }
    return found;
  }

  /// Predicts numbers or bytes that lie one after the other.
  template <class Number>
  std::vector<Prediction> predictions(std::span<const Number> values, at::ScalarType type) const {
    const int64_t each = element_count(model.description.input), count = static_cast<int64_t>(values.size());
    if (count % each != 0)
      throw Error(fmt::format("{} numbers are not a whole number of examples; one of {} has {}", count,
                              to_text(model.description.input), each));
    if (count == 0) return {};
    Shape shape = model.description.input;
    shape.insert(shape.begin(), count / each);
    return predictions(at::from_blob(const_cast<Number*>(values.data()), shape, type));
  }
};

Predictor::Predictor(const fs::path& model, const PredictorOptions& options) : state_(std::make_unique<State>()) {
  guarded([&] {
    std::optional<ModelDescription> foreign;
    if (!options.input_shape.empty())
      foreign = ModelDescription{.input = options.input_shape, .classes = options.classes};
    state_->model = load_model(model_file(model), foreign);
    const Shape& input = state_->model.description.input;
    if (input.empty() || std::any_of(input.begin(), input.end(), [](int64_t extent) { return extent < 1; }))
      throw Error(fmt::format("'{}' takes inputs of {}; expected extents above 0", model.string(), to_text(input)));
    state_->use(options.device);
    Shape one = input;
    one.insert(one.begin(), 1);
    const at::NoGradGuard no_gradient;
    const at::Tensor logits =
        state_->model.network->forward(state_->numbers(at::zeros(one)), {.prepared = &state_->prepared}).logits;
    if (logits.dim() != 2 || logits.size(1) < 1)
      throw Error(fmt::format("'{}' gives {}; expected logits [N, C]", model.string(), to_text(logits.sizes().vec())));
    state_->name_classes(options.classes, static_cast<size_t>(logits.size(1)));
  });
}

Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;
Predictor::~Predictor() = default;

const std::vector<int64_t>& Predictor::input_shape() const {
  return state_->model.description.input;
}

const std::vector<std::string>& Predictor::classes() const {
  return state_->model.description.classes;
}

int64_t Predictor::parameter_count() const {
  return state_->model.network->parameter_count();
}

std::vector<Prediction> Predictor::predict(std::span<const float> examples) const {
  return guarded([&] { return state_->predictions(examples, at::kFloat); });
}

std::vector<Prediction> Predictor::predict(std::span<const uint8_t> pixels) const {
  return guarded([&] { return state_->predictions(pixels, at::kByte); });
}

std::vector<Prediction> Predictor::predict_images(const std::vector<fs::path>& files) const {
  return guarded([&]() -> std::vector<Prediction> {
    const Shape& input = input_shape();
    if (!takes_pictures(state_->model.description))
      throw Error(fmt::format("the network takes inputs of {}, and no pictures", to_text(input)));
    constexpr size_t kAtOnce = 512;
    std::vector<Prediction> all;
    for (size_t begin = 0; begin < files.size(); begin += kAtOnce) {
      const auto part = std::span(files).subspan(begin, std::min(kAtOnce, files.size() - begin));
      std::vector<Prediction> found = state_->predictions(
          read_images({part.begin(), part.end()}, {.size = {input[1], input[2]}, .channels = input[0]}));
      std::move(found.begin(), found.end(), std::back_inserter(all));
    }
    return all;
  });
}

at::Tensor Predictor::logits(const at::Tensor& inputs) const {
  return guarded([&] { return state_->logits(inputs); });
}

at::Tensor Predictor::probabilities(const at::Tensor& inputs) const {
  return guarded([&] { return at::softmax(state_->logits(inputs), 1); });
}

}  // namespace limbeck

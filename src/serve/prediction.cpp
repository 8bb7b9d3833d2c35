#include "serve/prediction.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "core/nearest.h"
#include "results/keys.h"
#include "serve/http.h"

namespace limbeck {
namespace {

constexpr size_t kMostInputs = 1000;
constexpr size_t kDeepest = 8;  // lists in lists

/// "a list", "a string", …
std::string kind_of(const Json& value) {
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  if (value.is_null()) return "null";
  return fmt::format("a {}", value.type_name());
}

Json parse_body(const std::string& body) {
  try {
    return parse_json(body, "body", kDeepest);
  } catch (const Error& problem) {
    throw HttpError(400, problem.what());
  }
}

std::string text_of(const Json& value, const std::string& key) {
  if (!value.is_string()) throw HttpError(400, fmt::format("'{}' is {}; expected a name", key, kind_of(value)));
  return value.get<std::string>();
}

double temperature_of(const Json& value) {
  const double temperature = value.is_number() ? value.get<double>() : 0;
  if (!value.is_number() || !(temperature > 0) || !std::isfinite(temperature))
    throw HttpError(400, fmt::format("'temperature' is {}; expected a number above 0", value.dump()));
  return temperature;
}

std::string place(const std::vector<size_t>& indices) {
  std::string text = "inputs";
  for (const size_t index : indices) text += fmt::format("[{}]", index);
  return text;
}

/// Appends the numbers of nested lists of that shape; `indices` says where they stand.
void append(const Json& value, const Shape& shape, std::vector<size_t>& indices, std::vector<float>& numbers) {
  const size_t depth = indices.size() - 1;
  if (depth == shape.size()) {
    if (!value.is_number())
      throw HttpError(400, fmt::format("{} is {}; expected a number", place(indices), kind_of(value)));
    const auto number = static_cast<float>(value.get<double>());
    if (!std::isfinite(number))
      throw HttpError(400,
                      fmt::format("{} is {}; expected a number that float32 can hold", place(indices), value.dump()));
    numbers.push_back(number);
    return;
  }
  if (!value.is_array())
    throw HttpError(400, fmt::format("{} is {}; expected a list of {}", place(indices), kind_of(value), shape[depth]));
  if (static_cast<int64_t>(value.size()) != shape[depth])
    throw HttpError(400, fmt::format("{} has {} entries; expected {}", place(indices), value.size(), shape[depth]));
  for (size_t i = 0; i < value.size(); ++i) {
    indices.push_back(i);
    append(value[i], shape, indices, numbers);
    indices.pop_back();
  }
}

/// How an input is nested: as one list, as the shape, or as the shape without its only channel.
Shape nesting_of(const Json& input, const Shape& shape) {
  int depth = 0;
  for (const Json* value = &input; value->is_array() && !value->empty(); value = &value->front()) ++depth;
  if (depth <= 1) return {element_count(shape)};
  if (shape.size() == 3 && shape[0] == 1 && depth == 2) return {shape[1], shape[2]};
  return shape;
}

}  // namespace

PredictionRequest parse_prediction_request(const std::string& body) {
  const Json json = parse_body(body);
  if (!json.is_object()) throw HttpError(400, fmt::format("the body is {}; expected an object", kind_of(json)));
  PredictionRequest request;
  for (const auto& [key, value] : json.items()) {
    if (key == keys::kRun)
      request.run = text_of(value, key);
    else if (key == "model")
      request.model = text_of(value, key);
    else if (key == "temperature")
      request.temperature = temperature_of(value);
    else if (key == "inputs")
      request.inputs = value;
    else
      throw HttpError(
          400, fmt::format("unknown key '{}'{}", key, suggestion(key, {keys::kRun, "model", "inputs", "temperature"})));
  }
  if (request.model.empty()) throw HttpError(400, "there is no 'model'; GET /api/models lists those that there are");
  if (!request.inputs.is_array() || request.inputs.empty())
    throw HttpError(400, "'inputs' is missing or empty; expected a list of inputs");
  return request;
}

std::vector<float> parse_inputs(const Json& inputs, const Shape& shape) {
  if (inputs.size() > kMostInputs)
    throw HttpError(413, fmt::format("{} inputs in one request; expected at most {}", inputs.size(), kMostInputs));
  std::vector<float> numbers;
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<size_t> indices = {i};
    append(inputs[i], nesting_of(inputs[i], shape), indices, numbers);
  }
  return numbers;
}

Json predict(const PredictionRequest& request, const ServedRuns& runs, ServedModels& models) {
  const std::vector<ServedRun> all = runs.all();
  if (request.run.empty() && all.size() != 1)
    throw HttpError(400, fmt::format("there are {} runs; expected the key 'run', one of those that GET /api/runs lists",
                                     all.size()));
  const ServedRun run = request.run.empty() ? all.front() : runs.find(request.run);
  const std::shared_ptr<const Model> model = models.model(find_network(run, request.model));
  Shape shape = model->description.input;
  std::vector<float> numbers = parse_inputs(request.inputs, shape);
  shape.insert(shape.begin(), static_cast<int64_t>(request.inputs.size()));
  const at::Tensor inputs = at::from_blob(numbers.data(), shape, at::kFloat);
  const at::Tensor shares = models.probabilities(*model, inputs, request.temperature);

  const std::vector<std::string>& classes = model->description.classes;
  Json predictions = Json::array();
  for (int64_t row = 0; row < shares.size(0); ++row) {
    const auto* first = shares.data_ptr<double>() + row * shares.size(1);
    const std::vector<double> of_row(first, first + shares.size(1));
    const auto best = static_cast<size_t>(std::max_element(of_row.begin(), of_row.end()) - of_row.begin());
    if (!std::isfinite(of_row[best]))
      throw HttpError(400, fmt::format("inputs[{}]: the network gives no finite probabilities for it", row));
    predictions.push_back(
        {{"class", best < classes.size() ? classes[best] : std::to_string(best)}, {"probabilities", of_row}});
  }
  return {{keys::kRun, run.id()},
          {"model", request.model},
          {"temperature", request.temperature},
          {keys::kClasses, classes},
          {"predictions", predictions}};
}

}  // namespace limbeck

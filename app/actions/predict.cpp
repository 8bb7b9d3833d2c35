#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/softmax.h>

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>

#include "app/actions/all.h"
#include "app/actions/data_source.h"
#include "app/commands/predict.h"
#include "core/json.h"
#include "core/own_files.h"
#include "data/images/image_reader.h"
#include "data/published/idx.h"
#include "experiment/device.h"
#include "experiment/experiment.h"
#include "experiment/run_networks.h"
#include "models/model.h"
#include "nn/inference.h"

namespace limbeck {
namespace {

/// Probabilities [n, C] of images [n, …] uint8.
at::Tensor probabilities_of(const Model& model, const at::Tensor& bytes) {
  const at::NoGradGuard no_gradient;
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : bytes.split(examples_at_once(*model.network)))
    parts.push_back(at::softmax(model.network->forward(part.to(at::kFloat) * model.description.scale, {}).logits, 1));
  return at::cat(parts);
}

/// Of the images in an IDX file.
at::Tensor predict_images(const Model& model, const IdxArray& images, const std::string& file) {
  const ModelDescription& description = model.description;
  const Shape shape = {1, images.shape[1], images.shape[2]};
  if (shape != description.input)
    throw Error(
        fmt::format("'{}' holds images of {}, the network takes {}", file, to_text(shape), to_text(description.input)));
  const at::Tensor bytes = at::from_blob(const_cast<char*>(images.bytes.data()),
                                         {images.shape[0], 1, images.shape[1], images.shape[2]}, at::kByte);
  return probabilities_of(model, bytes);
}

/// Of JPEG and PNG files, decoded and brought to the network's size as a data set's are, a part of them at a time.
at::Tensor predict_pictures(const Model& model, const std::vector<fs::path>& files, ResizeMode resize) {
  constexpr size_t kPart = 512;
  const Shape& input = model.description.input;
  if (input.size() != 3 || (input[0] != 1 && input[0] != 3))
    throw Error(fmt::format("the network takes inputs of {}, and no pictures", to_text(input)));
  std::vector<at::Tensor> parts;
  for (size_t begin = 0; begin < files.size(); begin += kPart) {
    const std::vector<fs::path> part(
        files.begin() + static_cast<std::ptrdiff_t>(begin),
        files.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kPart, files.size())));
    parts.push_back(probabilities_of(
        model, read_images(part, {.size = {input[1], input[2]}, .resize = resize, .channels = input[0]})));
  }
  return at::cat(parts);
}

/// A field of a CSV file: in quotes where it would not be one field without (RFC 4180).
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

/// `ids`: one for each row; empty: their numbers.
std::string as_csv(const at::Tensor& probabilities, const std::vector<std::string>& classes,
                   const std::vector<std::string>& ids) {
  std::string text = "id,class,probability";
  for (const std::string& name : classes) text += "," + csv_field("p(" + name + ")");
  text += "\n";
  const at::Tensor chosen = probabilities.argmax(1), values = probabilities.contiguous();
  const auto columns = static_cast<int64_t>(classes.size());
  for (int64_t row = 0; row < values.size(0); ++row) {
    const float* p = values.data_ptr<float>() + row * columns;
    const auto best = chosen[row].item<int64_t>();
    text += fmt::format("{},{},{:.6g}", ids.empty() ? std::to_string(row) : csv_field(ids[static_cast<size_t>(row)]),
                        csv_field(classes[static_cast<size_t>(best)]), p[best]);
    for (int64_t column = 0; column < columns; ++column) text += fmt::format(",{:.6g}", p[column]);
    text += "\n";
  }
  return text;
}

Json as_json(const at::Tensor& probabilities, const std::vector<std::string>& classes,
             const std::vector<std::string>& ids) {
  Json all = Json::array();
  const at::Tensor chosen = probabilities.argmax(1);
  for (int64_t row = 0; row < probabilities.size(0); ++row) {
    Json distribution = Json::object();
    for (size_t i = 0; i < classes.size(); ++i)
      distribution[classes[i]] = probabilities[row][static_cast<int64_t>(i)].item<float>();
    all.push_back({{"id", ids.empty() ? Json(row) : Json(ids[static_cast<size_t>(row)])},
                   {"class", classes[static_cast<size_t>(chosen[row].item<int64_t>())]},
                   {"probabilities", distribution}});
  }
  return all;
}

void check_predictions_file(const std::string& out, std::vector<fs::path> reads, const std::string& images,
                            bool force) {
  reads.emplace_back(images);
  OutputRules rules{.reads = std::move(reads), .marks = {"id,class,probability", "\"probabilities\""}, .force = force};
  if (fs::is_directory(images))
    for (const fs::path& file : image_files(images)) rules.reads.push_back(file);
  check_output(out, rules);
}

}  // namespace

void predict(PredictFlags flags, const OutputOptions& output) {
  use_threads(0);
  const ResizeMode resize = flags.resize == "stretch" ? ResizeMode::stretch : ResizeMode::crop;
  RunNetwork found = network_named(flags.model);
  if (!flags.out.empty()) check_predictions_file(flags.out, found.files, flags.images, flags.force);
  std::optional<ModelDescription> said = description_of(flags.foreign);
  if (said) found.given.reset();
  std::vector<std::string> ids;
  at::Tensor probabilities;
  std::vector<std::string> classes;
  if (fs::is_directory(flags.images) || is_image_name(flags.images)) {
    const std::vector<fs::path> files = image_files(flags.images);
    for (const fs::path& picture : files) ids.push_back(picture.string());
    const Model model = load(found, said);
    classes = model.description.classes;
    probabilities = predict_pictures(model, files, resize);
  } else {
    const IdxArray read = read_idx(flags.images, 3);
    // A model of elsewhere is taken to be for these images.
    if (!said) said = ModelDescription{.input = {1, read.shape[1], read.shape[2]}};
    const Model model = load(found, said);
    classes = model.description.classes;
    probabilities = predict_images(model, read, flags.images);
  }
  const std::string text =
      output.json ? as_json(probabilities, classes, ids).dump(1, ' ', false, Json::error_handler_t::replace) + "\n"
                  : as_csv(probabilities, classes, ids);
  if (flags.out.empty())
    print_text(text);
  else
    write_file(flags.out, text);
}

}  // namespace limbeck

// limbeck predict MODEL IMAGES
#include <fmt/core.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "app/commands.h"
#include "core/process.h"
#include "data/idx.h"
#include "experiment/experiment.h"
#include "experiment/model.h"

namespace limbeck {
namespace {

/// Probabilities [n, C] of the images in an IDX file.
torch::Tensor predict_images(const Model& model, const IdxArray& images, const std::string& file) {
  const ModelDescription& description = model.description;
  const Shape shape = {1, images.shape[1], images.shape[2]};
  if (shape != description.input)
    throw Error(fmt::format("'{}' holds images of {}, the network takes {}", file, to_text(shape), to_text(description.input)));
  const torch::Tensor bytes = torch::from_blob(const_cast<char*>(images.bytes.data()),
                                               {images.shape[0], 1, images.shape[1], images.shape[2]}, torch::kUInt8);
  const torch::NoGradGuard no_gradient;
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& part : bytes.split(1000))
    parts.push_back(torch::softmax(model.network->forward(part.to(torch::kFloat32) * description.scale, {}).logits, 1));
  return torch::cat(parts);
}

std::string as_csv(const torch::Tensor& probabilities, const std::vector<std::string>& classes) {
  std::string text = "id,class,probability";
  for (const std::string& name : classes) text += ",p(" + name + ")";
  text += "\n";
  const torch::Tensor chosen = probabilities.argmax(1), values = probabilities.contiguous();
  const auto columns = static_cast<int64_t>(classes.size());
  for (int64_t row = 0; row < values.size(0); ++row) {
    const float* p = values.data_ptr<float>() + row * columns;
    const auto best = chosen[row].item<int64_t>();
    text += fmt::format("{},{},{:.6g}", row, classes[static_cast<size_t>(best)], p[best]);
    for (int64_t column = 0; column < columns; ++column) text += fmt::format(",{:.6g}", p[column]);
    text += "\n";
  }
  return text;
}

Json as_json(const torch::Tensor& probabilities, const std::vector<std::string>& classes) {
  Json all = Json::array();
  const torch::Tensor chosen = probabilities.argmax(1);
  for (int64_t row = 0; row < probabilities.size(0); ++row) {
    Json distribution = Json::object();
    for (size_t i = 0; i < classes.size(); ++i)
      distribution[classes[i]] = probabilities[row][static_cast<int64_t>(i)].item<float>();
    all.push_back({{"id", row}, {"class", classes[static_cast<size_t>(chosen[row].item<int64_t>())]}, {"probabilities", distribution}});
  }
  return all;
}

}  // namespace

void add_predict(Program& program) {
  CLI::App* command = add_command(program, "predict", "Classify the images of an IDX file with a trained network");
  auto model_file = std::make_shared<std::string>();
  auto images = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  command->add_option("model", *model_file, "weights.safetensors of a stage, or a TorchScript file")->required()->type_name("FILE");
  command->add_option("images", *images, "IDX file of unsigned bytes, gzipped or plain")->required()->type_name("FILE");
  command->add_option("--out", *out, "CSV or JSON file to write (default: print)")->type_name("FILE");
  command->callback([=, &program] {
    settle_process(program.arguments);
    use_threads(0);
    const IdxArray read = read_idx(*images, 3);
    // A TorchScript file of elsewhere is taken to be for these images.
    const Model model = load_model(*model_file, ModelDescription{.input = {1, read.shape[1], read.shape[2]}});
    const torch::Tensor probabilities = predict_images(model, read, *images);
    const std::vector<std::string>& classes = model.description.classes;
    const std::string text = program.output.json ? as_json(probabilities, classes).dump(1) + "\n" : as_csv(probabilities, classes);
    if (out->empty()) fmt::print("{}", text);
    else write_file(*out, text);
  });
}

}  // namespace limbeck

#include "serve/served_models.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/nearest.h"
#include "experiment/model_onnx.h"
#include "serve/http.h"

namespace limbeck {
namespace {

constexpr size_t kMostModels = 32;  // kept in memory

/// Changes when the file does.
std::string state_of(const fs::path& file) {
  return fmt::format("{} {}", fs::file_size(file), fs::last_write_time(file).time_since_epoch().count());
}

}  // namespace

std::vector<ModelFile> model_files(const ServedRun& run) {
  std::vector<ModelFile> models;
  for (const SeedFolder& seed : run.seeds())
    for (const std::string& stage : run.stage_folders(seed)) {
      const fs::path folder = fs::path(seed.prefix) / "stages" / stage;
      std::error_code ignored;
      const bool program = fs::exists(fs::symlink_status(run.folder() / folder / "model.pt", ignored));
      if (program && !run.file(folder / "model.pt")) continue;  // it leads out of the run
      if (const auto file = run.file(folder / "weights.safetensors")) models.push_back({seed.prefix + stage, *file});
    }
  return models;
}

ModelFile find_model(const ServedRun& run, const std::string& name) {
  std::vector<std::string> names;
  for (const ModelFile& model : model_files(run)) {
    if (model.name == name) return model;
    names.push_back(model.name);
  }
  throw HttpError(404, fmt::format("the run '{}' has no trained model '{}'{}", run.id(), name, suggestion(name, names)));
}

bool takes_pictures(const ModelDescription& description) {
  return description.input.size() == 3 && (description.input[0] == 1 || description.input[0] == 3);
}

ServedModels::Entry& ServedModels::entry(const fs::path& file) {
  if (!entries_.contains(file) && entries_.size() >= kMostModels)
    entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                    [](const auto& left, const auto& right) { return left.second.used < right.second.used; }));
  Entry& found = entries_[file];
  if (const std::string state = state_of(file); found.state != state) found = {.state = state};
  found.used = ++uses_;
  return found;
}

std::shared_ptr<const Model> ServedModels::model(const fs::path& file) {
  const std::lock_guard lock(mutex_);
  Entry& found = entry(file);
  if (found.model == nullptr) found.model = inference_.run([&] { return std::make_shared<const Model>(load_model(file)); });
  return found.model;
}

std::shared_ptr<const std::string> ServedModels::onnx(const fs::path& file) {
  const std::shared_ptr<const Model> of_file = model(file);
  const std::lock_guard lock(mutex_);
  Entry& found = entry(file);
  if (found.onnx != nullptr) return found.onnx;
  try {
    found.onnx = inference_.run([&] { return std::make_shared<const std::string>(model_onnx(*of_file, file)); });
  } catch (const Error& problem) {
    throw HttpError(404, problem.what());
  }
  return found.onnx;
}

bool ServedModels::has_onnx(const fs::path& file) {
  if (dynamic_cast<const GraphNetwork*>(model(file)->network.get()) != nullptr) return true;
  try {
    onnx(file);
    return true;
  } catch (const HttpError&) {
    return false;
  }
}

torch::Tensor ServedModels::probabilities(const Model& model, const torch::Tensor& inputs, double temperature) {
  return inference_.run([&] {
    const torch::NoGradGuard no_gradient;
    return torch::softmax(model.network->forward(inputs, {}).logits.to(torch::kFloat64) / temperature, 1).contiguous();
  });
}

}  // namespace limbeck

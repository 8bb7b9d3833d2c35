#include "serve/served_models.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/nearest.h"
#include "experiment/model_onnx.h"
#include "nn/network_group.h"
#include "serve/http.h"

namespace limbeck {
namespace {

constexpr size_t kMostModels = 32;  // kept in memory

/// Changes when one of the files does.
std::string state_of(const std::vector<fs::path>& files) {
  std::string state;
  for (const fs::path& file : files) state += fmt::format("{} {}\n", fs::file_size(file), fs::last_write_time(file).time_since_epoch().count());
  return state;
}

std::vector<RunNetwork> networks_of_stages(const ServedRun& run, const SeedFolder& seed) {
  std::vector<RunNetwork> networks;
  for (const std::string& stage : run.stage_folders(seed)) {
    const fs::path folder = fs::path(seed.prefix) / "stages" / stage;
    std::error_code ignored;
    const bool program = fs::exists(fs::symlink_status(run.folder() / folder / "model.pt", ignored));
    if (program && !run.file(folder / "model.pt")) continue;  // it leads out of the run
    const auto file = run.file(folder / "weights.safetensors");
    if (!file) continue;
    networks.push_back(network_of_file(*file));
    networks.back().name = seed.prefix + stage;
  }
  return networks;
}

/// Those of a finished run that no single stage's folder holds. A run that cannot be read has none.
std::vector<RunNetwork> other_networks(const SeedFolder& seed) {
  if (!fs::exists(seed.folder / "results.json")) return {};
  try {
    std::vector<RunNetwork> networks = networks_of_run(seed.folder).networks;
    std::erase_if(networks, [](const RunNetwork& network) { return network.files.size() == 1 && !network.foreign; });
    for (RunNetwork& network : networks) network.name = seed.prefix + network.name;
    return networks;
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

std::vector<RunNetwork> served_networks(const ServedRun& run) {
  std::vector<RunNetwork> networks;
  for (const SeedFolder& seed : run.seeds()) {
    std::vector<RunNetwork> others = other_networks(seed), trained = networks_of_stages(run, seed);
    // An ensemble is made of what its stages have left, as far as no link leads out of the run.
    std::erase_if(others, [&](const RunNetwork& network) {
      return !network.foreign && !std::all_of(network.files.begin(), network.files.end(), [&](const fs::path& file) {
        return std::any_of(trained.begin(), trained.end(), [&](const RunNetwork& member) { return member.files.front() == file; });
      });
    });
    networks.insert(networks.end(), others.begin(), others.end());
    networks.insert(networks.end(), trained.begin(), trained.end());
  }
  return networks;
}

RunNetwork find_network(const ServedRun& run, const std::string& name) {
  std::vector<std::string> names;
  for (const RunNetwork& network : served_networks(run)) {
    if (network.name == name) return network;
    names.push_back(network.name);
  }
  throw HttpError(404, fmt::format("the run '{}' has no trained model '{}'{}", run.id(), name, suggestion(name, names)));
}

std::string network_text(const Model& model) {
  const std::string one = short_description(model.description.network);
  const auto* several = dynamic_cast<const NetworkGroup*>(model.network.get());
  return several == nullptr ? one : fmt::format("{} × {}", several->members().size(), one);
}

bool takes_pictures(const ModelDescription& description) {
  return description.input.size() == 3 && (description.input[0] == 1 || description.input[0] == 3);
}

ServedModels::Entry& ServedModels::entry(const RunNetwork& network) {
  if (!entries_.contains(network.files) && entries_.size() >= kMostModels)
    entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                    [](const auto& left, const auto& right) { return left.second.used < right.second.used; }));
  Entry& found = entries_[network.files];
  if (const std::string state = state_of(network.files); found.state != state) found = {.state = state};
  found.used = ++uses_;
  return found;
}

std::shared_ptr<const Model> ServedModels::model(const RunNetwork& network) {
  const std::lock_guard lock(mutex_);
  Entry& found = entry(network);
  if (found.model == nullptr) found.model = inference_.run([&] { return std::make_shared<const Model>(load(network)); });
  return found.model;
}

std::shared_ptr<const std::string> ServedModels::onnx(const RunNetwork& network) {
  const std::shared_ptr<const Model> loaded = model(network);
  const std::lock_guard lock(mutex_);
  Entry& found = entry(network);
  if (found.onnx != nullptr) return found.onnx;
  try {
    found.onnx = inference_.run([&] { return std::make_shared<const std::string>(model_onnx(*loaded, network.files)); });
  } catch (const Error& problem) {
    throw HttpError(404, problem.what());
  }
  return found.onnx;
}

bool ServedModels::has_onnx(const RunNetwork& network) {
  if (dynamic_cast<const GraphNetwork*>(model(network)->network.get()) != nullptr) return true;
  try {
    onnx(network);
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

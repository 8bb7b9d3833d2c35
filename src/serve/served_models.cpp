#include "serve/served_models.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <set>

#include "core/json.h"
#include "core/nearest.h"
#include "models/model_onnx.h"
#include "nn/ensembles/committee.h"
#include "serve/http.h"

namespace limbeck {
namespace {

constexpr size_t kMostModels = 32;  // kept in memory

/// Changes when one of the files does. Throws Error where one is not there.
std::string state_of(const std::vector<fs::path>& files) {
  std::string state;
  for (const fs::path& file : files) {
    std::error_code size_problem, time_problem;
    const auto size = fs::file_size(file, size_problem);
    const auto time = fs::last_write_time(file, time_problem);
    if (size_problem || time_problem) throw Error(fmt::format("cannot read '{}'", file.string()));
    state += fmt::format("{} {}\n", size, time.time_since_epoch().count());
  }
  return state;
}

/// Equal for networks that are the same.
std::string key_of(const RunNetwork& network) {
  std::string key;
  for (const fs::path& file : network.files) key += file.string() + "\n";
  if (network.mean) key += fmt::format("mean {}\n", static_cast<int>(*network.mean));
  if (network.given) key += Json(metadata_of(*network.given)).dump();
  return key;
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

/// Those that no single stage's folder holds, as far as results.json names them. A run that cannot be read has none.
std::vector<RunNetwork> other_networks(const ServedRun& run, const SeedFolder& seed) {
  if (!run.file(seed.prefix + "results.json") || !run.file(seed.prefix + "recipe.yaml")) return {};
  try {
    std::vector<RunNetwork> networks = networks_of_run(seed.folder).networks;
    std::erase_if(networks, [](const RunNetwork& network) { return !network.mean && !network.given; });
    return networks;
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

std::vector<RunNetwork> served_networks(const ServedRun& run) {
  std::vector<RunNetwork> networks;
  std::set<std::string> given;
  for (const SeedFolder& seed : run.seeds()) {
    const std::vector<RunNetwork> trained = networks_of_stages(run, seed);
    const auto is_trained = [&](const auto& holds) { return std::any_of(trained.begin(), trained.end(), holds); };
    for (RunNetwork& network : other_networks(run, seed)) {
      // An ensemble is made of what its stages have left, as far as no link leads out of the run.
      const bool whole = std::all_of(network.files.begin(), network.files.end(), [&](const fs::path& file) {
        return is_trained([&](const RunNetwork& member) { return member.files.front() == file; });
      });
      if (network.mean && !whole) continue;
      // All seeds were given the same, and a stage may have its name.
      if (network.given &&
          (is_trained([&](const RunNetwork& stage) { return stage.name == seed.prefix + network.name; }) ||
           !given.insert(network.name).second))
        continue;
      if (!network.given) network.name = seed.prefix + network.name;
      networks.push_back(std::move(network));
    }
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
  throw HttpError(404,
                  fmt::format("the run '{}' has no trained model '{}'{}", run.id(), name, suggestion(name, names)));
}

std::string network_text(const Model& model) {
  const std::string one = short_description(model.description.network);
  const auto* several = dynamic_cast<const NetworkGroup*>(model.network.get());
  return several == nullptr ? one : fmt::format("{} × {}", several->members().size(), one);
}

ServedModels::Entry& ServedModels::entry(const RunNetwork& network) {
  const std::string key = key_of(network), state = state_of(network.files);
  if (!entries_.contains(key) && entries_.size() >= kMostModels)
    entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](const auto& left, const auto& right) {
      return left.second.used < right.second.used;
    }));
  Entry& found = entries_[key];
  if (found.state != state) found = {.state = state};
  found.used = ++uses_;
  return found;
}

std::shared_ptr<const Model> ServedModels::model(const RunNetwork& network) {
  const std::lock_guard lock(mutex_);
  Entry& found = entry(network);
  if (found.model == nullptr)
    found.model = inference_.run([&] { return std::make_shared<const Model>(load(network)); });
  return found.model;
}

std::shared_ptr<const std::string> ServedModels::onnx(const RunNetwork& network) {
  const std::shared_ptr<const Model> loaded = model(network);
  const std::lock_guard lock(mutex_);
  Entry& found = entry(network);
  if (found.onnx != nullptr) return found.onnx;
  try {
    found.onnx =
        inference_.run([&] { return std::make_shared<const std::string>(model_onnx(*loaded, network.files)); });
  } catch (const Error& problem) {
    throw HttpError(404, problem.what());
  }
  return found.onnx;
}

bool ServedModels::has_onnx(const RunNetwork& network) {
  const std::shared_ptr<const Model> loaded = model(network);
  if (const auto* ensemble = dynamic_cast<const Committee*>(loaded->network.get());
      ensemble != nullptr && ensemble->mean() == EnsembleMean::arithmetic)
    return false;
  if (dynamic_cast<const GraphNetwork*>(loaded->network.get()) != nullptr) return true;
  try {
    onnx(network);
    return true;
  } catch (const HttpError&) {
    return false;
  }
}

at::Tensor ServedModels::probabilities(const Model& model, const at::Tensor& inputs, double temperature) {
  return inference_.run([&] {
    const at::NoGradGuard no_gradient;
    const Outputs outputs = model.network->forward(inputs, {});
    const auto* ensemble = dynamic_cast<const Committee*>(model.network.get());
    if (ensemble != nullptr && ensemble->mean() == EnsembleMean::arithmetic)
      return log_mean_distribution(at::stack(outputs.members, 1).to(at::kDouble), temperature).exp().contiguous();
    return at::softmax(outputs.logits.to(at::kDouble) / temperature, 1).contiguous();
  });
}

}  // namespace limbeck

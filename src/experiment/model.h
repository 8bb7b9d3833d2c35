#pragma once
// A trained network in one file: weights.safetensors carries, beside the weights, what is needed to use them alone.
#include <memory>

#include "data/dataset.h"
#include "nn/fold.h"
#include "nn/network.h"
#include "nn/weights.h"

namespace limbeck {

/// What a network was made for, and from.
struct ModelDescription {
  Json network;                      ///< {"mlp": {"hidden": [800, 800], …}}
  Shape input;                       ///< {1, 28, 28}
  std::vector<std::string> classes;
  double scale = 1.0 / 255;          ///< what a pixel's byte is multiplied by
  Folding folding = Folding::never;  ///< what was multiplied out of that network
};

struct Model {
  ModelDescription description;
  std::shared_ptr<GraphNetwork> network;
};

/// "mlp 800-800"; for an architecture with other options, its name and what it was given.
std::string short_description(const Choice& architecture);

/// A network with initial weights drawn from the seed.
std::shared_ptr<GraphNetwork> make_network(const Choice& architecture, const Dataset& dataset, uint64_t seed);

ModelDescription describe_model(const Choice& architecture, const Dataset& dataset);
void save_model(const fs::path& path, const Network& network, const ModelDescription& description);

/// The model with its linear bottlenecks multiplied out.
Model folded(const Model& model, Folding folding);

/// Reads a file that save_model wrote. Throws Error where it is something else.
Model load_model(const fs::path& path);

/// Loads weights, from save_model or from a PyTorch state_dict, into a network.
void load_weights(Network& network, const fs::path& path);

/// Throws Error where the model was made for other inputs or another number of classes.
void check_fits(const Model& model, const Dataset& dataset, const std::string& where);

}  // namespace limbeck

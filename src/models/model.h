#pragma once
// A trained network in one file: weights.safetensors carries, beside the weights, what is needed to use them alone, and
// so does the model.pt of a TorchScript network.
#include <memory>
#include <optional>

#include "core/json.h"
#include "data/dataset.h"
#include "nn/fold.h"
#include "nn/input.h"
#include "nn/network.h"
#include "nn/weights.h"

namespace limbeck {

/// What a network was made for, and from.
struct ModelDescription {
  Json network;  ///< {"mlp": {"hidden": [800, 800], …}}
  Shape input;   ///< {1, 28, 28}
  std::vector<std::string> classes;
  double scale = 1.0 / 255;          ///< what a pixel's byte is multiplied by
  Folding folding = Folding::never;  ///< what was multiplied out of that network
  InputOptions input_options = {};   ///< what it does to pixels first
  bool quantized = false;            ///< rounds weights and activations to bytes
};

/// Whether the model takes pictures that a browser can make: [1, H, W] or [3, H, W].
bool takes_pictures(const ModelDescription& description);

struct Model {
  ModelDescription description;
  std::shared_ptr<Network> network;
};

/// "mlp 800-800", "torchscript resnet18.pt"; for an architecture with other options, its name and what it was given.
std::string short_description(const Choice& architecture);
/// The same of a model's `network`.
std::string short_description(const Json& network);

/// What a network of a recipe does to the data's pixels first: as it says itself, else as the file of its weights says,
/// where Limbeck wrote that, else as the data's `normalize` says. Throws Error where that does not fit the data.
InputOptions input_of(const NetworkRecipe& network, const NormalizeRecipe& normalize, const Dataset& dataset);

/// The files that a recipe's network takes its weights from.
std::vector<fs::path> weight_files(const NetworkRecipe& network);

/// A description's `network` for the program in a TorchScript file.
Json torchscript_in(const fs::path& file);

/// Whether the architecture is a graph, as all are that this program knows by name; a TorchScript file is none.
bool is_graph(const Choice& architecture);

/// A network with initial weights drawn from the seed, or with those that its file holds.
/// `classes`: other than the data's; 0: as many.
std::shared_ptr<Network> make_network(const Choice& architecture, const Dataset& dataset, uint64_t seed,
                                      const InputOptions& input = {}, int64_t classes = 0);

ModelDescription describe_model(const Choice& architecture, const Dataset& dataset, const InputOptions& input = {});
/// {"limbeck.network": "…", …}: what a model's file says of it.
Metadata metadata_of(const ModelDescription& description);
/// The reverse. Throws Error that names `where` it stands where something is missing or impossible.
ModelDescription description_from(const Metadata& metadata, const fs::path& where);
void save_model(const fs::path& path, const Network& network, const ModelDescription& description);

/// Writes a network with its present weights as TorchScript; `description` goes into the file's extra files. Throws
/// Error for several networks.
void save_torchscript(const fs::path& path, const Network& network, const ModelDescription& description);

/// The same for use elsewhere: the program takes pixels in [0, 1], and does what is done to them first itself.
void export_torchscript(const fs::path& path, const Network& network, const ModelDescription& description);

/// The model with its linear bottlenecks multiplied out.
Model fold(const Model& model, Folding folding);

/// Reads what save_model or save_torchscript wrote, an ONNX file, which is run by onnxruntime, or any other TorchScript
/// file, which does not say what it is for: that is `foreign` then (no classes: as many as it gives); where that names
/// a network, also a state_dict of it. Throws Error where it is something else.
Model load_model(const fs::path& path, const std::optional<ModelDescription>& foreign = std::nullopt);

/// The network that the description says, whatever the file says of itself: a TorchScript program that it names, or
/// weights of that network.
Model load_as(const ModelDescription& description, const fs::path& file);

/// Loads weights, from save_model or from a PyTorch state_dict, into a network.
void load_weights(Network& network, const fs::path& path);

/// Throws Error where the model was made for other inputs, another number of classes, or the same classes in another
/// order.
void check_fits(const Model& model, const Dataset& dataset, const std::string& where);
/// Throws Error where the file of the network's weights says that it was made for the same classes in another order.
void check_classes(const NetworkRecipe& network, const Dataset& dataset);

}  // namespace limbeck

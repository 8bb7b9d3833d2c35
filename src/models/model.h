#pragma once
// Self-contained model files: weights.safetensors, or model.pt of a TorchScript network, with the metadata needed to
// use the weights without the run.
#include <memory>
#include <optional>

#include "core/json.h"
#include "limbeck/dataset.h"
#include "nn/fold.h"
#include "nn/input.h"
#include "nn/network.h"
#include "nn/weights.h"
#include "programs/program_file.h"
#include "recipe/recipe.h"

namespace limbeck {

/// Metadata of a trained network.
struct ModelDescription {
  Json network;  ///< {"mlp": {"hidden": [800, 800], …}}
  Shape input;   ///< {1, 28, 28}
  std::vector<std::string> classes;
  double scale = 1.0 / 255;          ///< factor that maps pixel bytes to the input range
  Folding folding = Folding::never;  ///< which linear bottlenecks of that network were folded
  InputOptions input_options = {};   ///< preprocessing inside the network
  bool quantized = false;            ///< weights and activations are quantized to int8
  /// Names of its outputs, of which those of `classes` are taken, by name (nn/matched_classes.h); empty: `classes`.
  std::vector<std::string> outputs = {};
};

/// Whether a browser can provide the input: images of shape [1, H, W] or [3, H, W].
bool takes_pictures(const ModelDescription& description);

struct Model {
  ModelDescription description;
  std::shared_ptr<Network> network;
};

/// Returns "mlp 800-800", "torchscript resnet18.pt"; for architectures with other options, the name and the given
/// options.
std::string short_description(const Choice& architecture);
/// The same for a ModelDescription's `network`.
std::string short_description(const Json& network);

/// Returns the preprocessing of a recipe's network: its own `input`, else that in the metadata of its weight file if
/// Limbeck wrote it, else the data's `normalize`. Throws Error if it does not fit the data.
InputOptions input_of(const NetworkRecipe& network, const NormalizeRecipe& normalize, const Dataset& dataset);

/// Returns the files from which a recipe's network loads its weights.
std::vector<fs::path> weight_files(const NetworkRecipe& network);

/// Returns ModelDescription::network for the program in a file, with the options that `network`, such a description,
/// has for a program.
Json program_in(const fs::path& file, ProgramFormat format, const Json& network = {});

/// Whether the architecture is a graph network. True for all built-in architectures; false for TorchScript files.
bool is_graph(const Choice& architecture);
/// Whether the file is a program of TorchScript or torch.export that Limbeck did not write, so that it does not say
/// what its input is.
bool is_foreign_program(const fs::path& file);
/// Whether the described network is a program, whose layers are in its file.
bool brings_program(const ModelDescription& description);

/// Returns the names of the outputs of a network whose classes are matched with the data's: those in the recipe, or in
/// its file. Throws Error of kind usage if the file has none.
std::vector<std::string> class_names(const NetworkRecipe& network);

/// Creates a network with initial weights drawn from the seed, or with the weights of its file. `classes`: number of
/// classes; 0: that of the data.
std::shared_ptr<Network> make_network(const Choice& architecture, const Dataset& dataset, uint64_t seed,
                                      const InputOptions& input = {}, int64_t classes = 0);

ModelDescription describe_model(const Choice& architecture, const Dataset& dataset, const InputOptions& input = {});
/// Returns the metadata of a model file: {"limbeck.network": "…", …}.
Metadata metadata_of(const ModelDescription& description);
/// The inverse of metadata_of(). Throws Error that names `where` if an entry is missing or invalid.
ModelDescription description_from(const Metadata& metadata, const fs::path& where);
void save_model(const fs::path& path, const Network& network, const ModelDescription& description);

/// Writes a network with its current weights as TorchScript; `description` is stored as extra files. Throws Error for
/// an ensemble.
void save_torchscript(const fs::path& path, const Network& network, const ModelDescription& description);

/// The same for use outside Limbeck: the program takes pixels in [0, 1] and includes the preprocessing.
void export_torchscript(const fs::path& path, const Network& network, const ModelDescription& description);

/// Returns the model with its linear bottlenecks folded into single layers.
Model fold(const Model& model, Folding folding);

/// Reads a file of save_model or save_torchscript, an ONNX file (run by ONNX Runtime, or else by LibTorch), or any
/// other TorchScript file. Since the last carries no metadata, `foreign` describes it (no classes: as many as its
/// outputs); if `foreign` names a network, a state_dict of that network is accepted too. Throws Error for other files.
Model load_model(const fs::path& path, const std::optional<ModelDescription>& foreign = std::nullopt);

/// Loads a file as the described network, ignoring the file's own metadata: a TorchScript program that the description
/// names, or weights of its network.
Model load_as(const ModelDescription& description, const fs::path& file);

/// Loads weights from a file of save_model or a PyTorch state_dict into a network.
void load_weights(Network& network, const fs::path& path);

/// Throws Error if the model has another input shape or number of classes than the data, or the same classes in another
/// order.
void check_fits(const Model& model, const Dataset& dataset, const std::string& where);
/// Throws Error if the metadata of the network's weight file has the data's classes in another order.
void check_classes(const NetworkRecipe& network, const Dataset& dataset);

}  // namespace limbeck

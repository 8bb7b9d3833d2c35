#pragma once
// Finds the trained and pretrained networks of a run in its folder, teacher as well as student, with their test
// results.
//
//   for (const RunNetwork& found : networks_of_run("runs/mnist").networks)
//     fmt::print("{}: {}\n", found.name, load(found).network->parameter_count());
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json_fwd.h"
#include "models/model.h"
#include "recipe/recipe.h"

namespace limbeck {

struct StageResult;

struct RunNetwork {
  std::string name;  ///< name of the stage or pretrained network
  /// One per member, after the generalist's for specialists; else its own: one, or weights and their program
  std::vector<fs::path> files;
  std::optional<double> accuracy = {};    ///< on test
  std::optional<double> agreement = {};   ///< with the teacher, on test
  std::optional<EnsembleMean> mean = {};  ///< how members are averaged, for the ensemble of `replicas`
  std::optional<ModelDescription> given =
      {};  ///< description of a pretrained network in the run: that of the first file
  /// Joins the networks of the files into one; empty: there is one file, or it is the network
  std::function<std::shared_ptr<Network>(std::vector<std::shared_ptr<Network>>)> join = {};
};

struct RunNetworks {
  std::vector<RunNetwork> networks;   ///< pretrained ones (unless only fine-tuned), then the stages in order
  std::vector<std::string> left_out;  ///< a sentence for each omitted network, with the reason
};

/// Finds the networks of a run; with several seeds, those of the first. Throws Error if the folder holds no run.
RunNetworks networks_of_run(const fs::path& run);

/// Returns the run folder (or seed folder) of a stage's file: RUN for RUN/stages/NAME/weights.safetensors and for
/// RUN/student.onnx; nullopt if the file is in none.
std::optional<fs::path> run_of_file(const fs::path& file);

/// Describes the network in a file, with name and accuracy if the file is in a stage's folder. If one of `runs` used
/// the file as a pretrained network, its input, classes and normalization in that run apply. The file is not loaded
/// yet.
RunNetwork network_of_file(const fs::path& file, const std::vector<fs::path>& runs = {});

/// Finds the network that a user names: that of a finished stage that trains several networks (its folder, or
/// RUN/NAME), an ensemble or a generalist with specialists, joined as in its run; else the network of model_file(name),
/// as network_of_file with `runs` and the run that the file is in. Throws Error as model_file does.
RunNetwork network_named(const fs::path& name, std::vector<fs::path> runs = {});

/// Loads the network. `foreign`: metadata that the file lacks, see load_model.
Model load(const RunNetwork& network, const std::optional<ModelDescription>& foreign = std::nullopt);

/// Whether the network is only used as the initial weights of a stage.
bool is_only_trained(const std::string& name, const Recipe& recipe);

/// Returns the teacher's test accuracy, as reported by the stages that it teaches.
std::optional<double> teacher_accuracy(const NetworkRecipe& network, const std::vector<StageResult>& stages);
/// Returns the total size; for weights of a TorchScript network, the size of the program beside them, which includes
/// them. Throws Error if a file cannot be read.
uintmax_t bytes_of(const std::vector<fs::path>& files);

}  // namespace limbeck

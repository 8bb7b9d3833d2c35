#pragma once
// The networks that a run has left or was given, found again in its folder: teacher beside student, with what the run
// found of them.
//
//   for (const RunNetwork& found : networks_of_run("runs/mnist").networks)
//     fmt::print("{}: {}\n", found.name, load(found).network->parameter_count());
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
  std::string name;                  ///< of the stage, or of the network that came with weights
  std::vector<fs::path> files;       ///< of each member of an ensemble; else its own: one, or weights and their program
  std::optional<double> accuracy;    ///< on test
  std::optional<double> agreement;   ///< with the teacher, on test
  std::optional<EnsembleMean> mean;  ///< of an ensemble
  std::optional<ModelDescription> given;  ///< of a network that came with weights: what it was in the run
};

struct RunNetworks {
  std::vector<RunNetwork> networks;  ///< those that came with weights first, but what is only trained further; then the
                                     ///< stages in their order
  std::vector<std::string> left_out;  ///< why, a sentence for each
};

/// Of a run over several seeds, those of the first. Throws Error where the folder holds no run.
RunNetworks networks_of_run(const fs::path& run);

/// The run, or the seed of one, in whose folder a stage's file lies: RUN of RUN/stages/NAME/weights.safetensors and of
/// RUN/student.onnx; nullopt where it lies in none.
std::optional<fs::path> run_of_file(const fs::path& file);

/// The network that a file holds, named and with its accuracy where it lies in a stage's folder. Where one of `runs`
/// was given the file, it is what it was there: with that run's input, classes and normalisation. The file is not read
/// yet.
RunNetwork network_of_file(const fs::path& file, const std::vector<fs::path>& runs = {});

/// `foreign`: what a file does not say of itself, see load_model.
Model load(const RunNetwork& network, const std::optional<ModelDescription>& foreign = std::nullopt);

/// Whether a stage begins with the network and nothing else asks for it.
bool is_only_trained(const std::string& name, const Recipe& recipe);

/// What the stages that it teaches have found of it, on test.
std::optional<double> teacher_accuracy(const NetworkRecipe& network, const std::vector<StageResult>& stages);
/// Of all together; of a TorchScript network's weights, the program that lies beside them and holds them. Throws Error
/// where one cannot be read.
uintmax_t bytes_of(const std::vector<fs::path>& files);

}  // namespace limbeck

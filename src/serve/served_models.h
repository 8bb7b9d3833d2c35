#pragma once
// The trained networks of a run: which there are, loaded when they are first asked for, as ONNX where they have that form.
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "experiment/model.h"
#include "serve/inference_thread.h"
#include "serve/served_runs.h"

namespace limbeck {

/// A file of weights in a run; loading it may still fail.
struct ModelFile {
  std::string name;  ///< the stage's, "distilled"; of several seeds "seed-2/distilled"
  fs::path file;
};
std::vector<ModelFile> model_files(const ServedRun& run);
/// Throws HttpError (404) that names those which are there.
ModelFile find_model(const ServedRun& run, const std::string& name);

/// Whether the model takes pictures that a browser can make: [1, H, W] or [3, H, W].
bool takes_pictures(const ModelDescription& description);

/// Models in memory, for as long as their files stay as they are. May be used by several threads.
class ServedModels {
 public:
  /// Throws Error where the file holds no model.
  std::shared_ptr<const Model> model(const fs::path& file);
  /// The file's bytes. Throws HttpError (404) that says why where the network has no ONNX form.
  std::shared_ptr<const std::string> onnx(const fs::path& file);
  /// Whether there is one; found by writing it only where the network is a TorchScript program.
  bool has_onnx(const fs::path& file);
  /// Probabilities [N, C] at a temperature, of inputs [N, …] as the network takes them.
  torch::Tensor probabilities(const Model& model, const torch::Tensor& inputs, double temperature);

 private:
  struct Entry {
    std::shared_ptr<const Model> model;
    std::shared_ptr<const std::string> onnx;
    std::string state;   // of the file when it was read
    uint64_t used = 0;   // by which the longest unused is found
  };
  /// The entry of the file as it is now; an empty one where it is new or has changed.
  Entry& entry(const fs::path& file);

  std::mutex mutex_;
  std::map<fs::path, Entry> entries_;
  uint64_t uses_ = 0;
  InferenceThread inference_;
};

}  // namespace limbeck

#pragma once
// The trained networks of a run: lists them, loads them on first use, and exports them to ONNX if possible.
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "experiment/run_networks.h"
#include "serve/inference_thread.h"
#include "serve/served_runs.h"

namespace limbeck {

/// Returns the networks that the run's stages have written so far, and, once results.json lists them, its ensembles and
/// the pretrained networks that it used. Loading one may still fail. Names are those of networks and stages, e.g.
/// "distilled", or "seed-2/distilled" for runs over several seeds.
std::vector<RunNetwork> served_networks(const ServedRun& run);
/// Throws HttpError (404) with the available names.
RunNetwork find_network(const ServedRun& run, const std::string& name);

/// "mlp 800-800"; for an ensemble "10 × mlp 800-800".
std::string network_text(const Model& model);

/// A cache of at most 32 loaded models (least recently used are evicted); models are reloaded when their files change.
/// Thread-safe.
class ServedModels {
 public:
  /// Loads or returns the cached model. Throws Error if a file does not contain a model.
  std::shared_ptr<const Model> model(const RunNetwork& network);
  /// Returns the content of its ONNX file. Throws HttpError (404) with the reason if the network cannot be exported.
  std::shared_ptr<const std::string> onnx(const RunNetwork& network);
  /// Returns whether there is an ONNX file whose logits are valid at every temperature; false for an ensemble that
  /// averages distributions. Tries the export if the network is not a graph.
  bool has_onnx(const RunNetwork& network);
  /// Returns probabilities [N, C] at a temperature for inputs [N, …].
  at::Tensor probabilities(const Model& model, const at::Tensor& inputs, double temperature);

 private:
  struct Entry {
    std::shared_ptr<const Model> model;
    std::shared_ptr<const std::string> onnx;
    std::string state;  // sizes and modification times of the files when they were read
    uint64_t used = 0;  // counter value at the last use, for LRU eviction
  };
  /// Returns the network's cache entry; an empty one if its files are new or have changed.
  Entry& entry(const RunNetwork& network);

  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  uint64_t uses_ = 0;
  InferenceThread inference_;
};

}  // namespace limbeck

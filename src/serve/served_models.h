#pragma once
// The trained networks of a run: which there are, loaded when they are first asked for, as ONNX where they have that
// form.
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

/// The networks that a run was given and its ensembles, as soon as results.json names them, and those that its stages
/// have left so far. Loading one may still fail. Names are those of the networks and stages, "distilled"; stages of
/// several seeds are "seed-2/distilled".
std::vector<RunNetwork> served_networks(const ServedRun& run);
/// Throws HttpError (404) that names those which are there.
RunNetwork find_network(const ServedRun& run, const std::string& name);

/// "mlp 800-800"; of an ensemble "10 × mlp 800-800".
std::string network_text(const Model& model);

/// Models in memory, for as long as their files stay as they are. May be used by several threads.
class ServedModels {
 public:
  /// Throws Error where a file holds no model.
  std::shared_ptr<const Model> model(const RunNetwork& network);
  /// The bytes of its ONNX file. Throws HttpError (404) that says why where the network has no such form.
  std::shared_ptr<const std::string> onnx(const RunNetwork& network);
  /// Whether there is one, whose logits serve at every temperature: an arithmetic mean of distributions has none. Found
  /// by writing it where the network is no graph.
  bool has_onnx(const RunNetwork& network);
  /// Probabilities [N, C] at a temperature, of inputs [N, …] as the network takes them.
  at::Tensor probabilities(const Model& model, const at::Tensor& inputs, double temperature);

 private:
  struct Entry {
    std::shared_ptr<const Model> model;
    std::shared_ptr<const std::string> onnx;
    std::string state;  // of the files when they were read
    uint64_t used = 0;  // by which the longest unused is found
  };
  /// The entry of the network's files as they are now; an empty one where they are new or have changed.
  Entry& entry(const RunNetwork& network);

  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  uint64_t uses_ = 0;
  InferenceThread inference_;
};

}  // namespace limbeck

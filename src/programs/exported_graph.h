#pragma once
// The nodes of a program of torch.export, and the outputs of its modules.
#include <string>
#include <utility>
#include <vector>

#include "programs/exported_call.h"

namespace limbeck {

class ExportedGraph {
 public:
  explicit ExportedGraph(ProgramBuilder& program) : values_(program) {}

  ExportedValues& values() { return values_; }
  /// Adds the nodes of a graph, in their order. Throws Error that names the node if one cannot be translated.
  void add(const ExportedJson& graph);
  /// Makes the outputs of the modules features, by their paths. Call it when all that is returned has been looked up.
  ///
  /// The file says of each node in which modules it stands; what a module returns is the last value computed in it that
  /// is used outside of it. An operation that works in place after it changes the feature too, as it does in PyTorch.
  void add_features();

 private:
  /// A module in whose call a node stands.
  struct Level {
    std::string key;   ///< tells two calls of a module apart
    std::string path;  ///< "layer1.0"; empty: the program
  };
  struct Step {
    std::vector<Level> levels;
    std::vector<ProgramBuilder::Value*> tensors;
  };
  /// From a first to a last step.
  struct ModuleCall {
    Level level;
    size_t first = 0, last = 0;
  };

  void add_node(const ExportedJson& node);
  void bind(const ExportedJson& node, const std::vector<ProgramBuilder::Value*>& results);
  void add_inner(const std::string& target, const ExportedJson& node);
  std::vector<ModuleCall> calls() const;
  ProgramBuilder::Value* output_of(const ModuleCall& call) const;
  static std::vector<Level> levels_of(const ExportedJson& node);

  ExportedValues values_;
  std::vector<Step> steps_;
};

}  // namespace limbeck

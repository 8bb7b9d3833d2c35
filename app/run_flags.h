#pragma once
// The flags that control how a recipe runs, shared by `run`, `distill` and `store`.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace limbeck {

struct Program;

struct RunFlags {
  std::string out;
  std::string data;
  std::vector<std::string> settings;
  std::vector<std::string> reuse;
  int64_t seed = -1;  ///< −1: the recipe's
  int64_t seeds = 0;  ///< 0: one
  std::string device = "auto";
  std::optional<bool> cuda_graphs;
  int threads = 0;
  bool tensorboard = false;
  bool force = false;
  std::vector<std::string> command = {};  ///< the whole command line

  void add_to(CLI::App& app, const Program& program);
};

/// Adds --cuda-graphs and --no-cuda-graphs, which set `chosen` and exclude each other. `chosen` must outlive the parse.
std::vector<CLI::Option*> add_cuda_graph_flags(CLI::App& app, std::optional<bool>& chosen);

}  // namespace limbeck

#pragma once
// Runs the points of a sweep, each as a process of this program, several at a time. Stages that points have in common
// are trained by the first of them: the others wait for it and take them over.
//
//   OUT/sweep.json          every point with its values, its state and its results; written after each of them
//   OUT/recipe.yaml         the recipe as it was given
//   OUT/points/0001/        a run folder
//   OUT/points/0001.log     what the run printed
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/files.h"
#include "sweep/sweep.h"

namespace limbeck {

struct SweepRunOptions {
  fs::path out;
  std::string recipe;  ///< its text
  std::string data;    ///< data folder; empty: the usual places
  std::string device = "auto";
  std::vector<std::string> reuse =
      {};  ///< run folders whose finished stages every point takes over where they are the same
  bool cuda_graphs = false;
  int threads = 0;           ///< of all runs together; 0: as many as this process may use
  bool tensorboard = false;  ///< every run writes event files for TensorBoard
  int jobs = 0;              ///< runs at a time; 0: as many as there are threads
};

/// A point that has ended.
struct SweepPointEnded {
  size_t point = 0;  ///< its place in the plan
  Json entry;        ///< as in sweep.json
  double seconds = 0;
  std::optional<double> seconds_left;  ///< of the whole sweep, roughly
};

/// Who tells the user.
struct SweepObserver {
  std::function<void(size_t done, size_t points)> started;  ///< how many points an earlier sweep has done
  std::function<void(const SweepPointEnded&)> ended;
};

/// Runs what is not done and returns what sweep.json holds. A point that fails has status "failed" and the end of its
/// log as its message; the others run on. A signal is passed on to the runs; when they have saved, an Error of kind
/// interrupted is thrown. A second sweep in the same folder is an Error.
Json run_sweep(SweepPlan plan, const SweepRunOptions& options, const SweepObserver& observer);

}  // namespace limbeck

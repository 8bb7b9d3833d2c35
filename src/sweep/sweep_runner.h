#pragma once
// Runs the points of a sweep, several in parallel: each as a process of this program, or all in this process, where
// they share a device and the data. Stages that points share are trained by the first of them; the others wait and
// reuse them.
//
// Other processes may help, on this host or others that share the folder: each point is run by the process that has the
// claim on it (sweep_folder.h).
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/files.h"
#include "sweep/point_run.h"
#include "sweep/sweep.h"

namespace limbeck {

/// A point that is to run.
struct PointRequest {
  fs::path recipe;                    ///< file of the sweep's recipe
  std::vector<std::string> settings;  ///< "KEY=VALUE", all that differ from it
  std::vector<int64_t> seeds;
  fs::path out;
  std::vector<std::string> reuse;    ///< run folders
  std::vector<std::string> command;  ///< the same as a command line
};

struct SweepRunOptions {
  fs::path out;
  std::vector<SweepRecipe> recipes;
  std::string data;  ///< data folder; empty: the default locations
  std::string device = "auto";
  std::vector<std::string> reuse = {};  ///< run folders whose finished stages are reused by every point if identical
  std::optional<bool> cuda_graphs;
  int threads = 0;           ///< total over all runs; 0: all available to this process
  bool tensorboard = false;  ///< write TensorBoard event files
  int jobs = 0;              ///< parallel runs; 0: as many as threads
  std::stop_token stop = {};
  /// Runs a point in this process; called by several threads. Empty: each point is a process.
  std::function<void(const PointRequest& point, const std::stop_token& stop, const PointLog& log)> run_point = {};
};

/// A finished point.
struct SweepPointEnded {
  size_t point = 0;                    ///< index in the plan
  Json entry;                          ///< as in sweep.json
  std::optional<double> seconds;       ///< that its run took; nullopt: another process ran it
  std::optional<double> seconds_left;  ///< estimate for the whole sweep
};

/// Callbacks for progress messages.
struct SweepObserver {
  std::function<void(size_t done, size_t points)> started;  ///< `done`: points finished by an earlier sweep
  std::function<void(const SweepPointEnded&)> ended;
};

/// Runs all points that are not done and returns the content of sweep.json. A failing point gets status "failed" and
/// the end of its log as message; the others continue. When a stop is requested, the runs are stopped, and once they
/// have saved, Error of kind interrupted is thrown. Throws Error if another sweep is running in the same folder.
Json run_sweep(SweepPlan plan, const SweepRunOptions& options, const SweepObserver& observer);

/// What a process did for a sweep that another leads.
struct SweepHelp {
  size_t ran = 0;
  size_t failed = 0;  ///< of these
};

/// Runs points that no other process runs, and returns when all are done or others run them. The leading process takes
/// their results over. Throws Error of kind usage if there is no sweep in the folder, or one of another plan.
SweepHelp help_sweep(SweepPlan plan, const SweepRunOptions& options, const SweepObserver& observer);

}  // namespace limbeck

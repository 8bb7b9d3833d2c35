#pragma once
// The files of a sweep, which its processes share, on one host or on several.
//
//   OUT/sweep.json          every point with its values, its state and its results; written after each of them, by the
//                           process that leads the sweep alone
//   OUT/recipe.yaml         the recipe as it was given, or, of several, OUT/recipes/NAME.yaml
//   OUT/points/0001/        a run folder
//   OUT/points/0001.log     what the run printed
//   OUT/points/0001.lock    with 0001.lease, the claim on the point (core/claim.h): who has it, runs the point
//   OUT/points/0001.json    the point as it will stand in sweep.json, if another process than the leading one ran it;
//                           removed when it stands there
#include <optional>
#include <string>
#include <vector>

#include "core/claim.h"
#include "core/files.h"
#include "results/sweep_results.h"
#include "sweep/sweep.h"

namespace limbeck {

/// The states of a point.
inline constexpr const char *kPending = "pending", *kDone = "done", *kFailed = "failed";

class SweepFolder {
 public:
  explicit SweepFolder(fs::path out) : out_(std::move(out)) {}

  const fs::path& path() const { return out_; }
  fs::path file() const { return out_ / "sweep.json"; }
  fs::path recipe(const std::vector<SweepRecipe>& recipes, size_t number) const;
  fs::path run(const SweepPoint& point) const { return out_ / point.run; }
  fs::path results(const SweepPoint& point) const { return run(point) / "results.json"; }
  fs::path log(const SweepPoint& point) const { return run(point).string() + ".log"; }
  fs::path told(const SweepPoint& point) const { return run(point).string() + ".json"; }
  ClaimFiles claim(const SweepPoint& point) const { return claim_beside(run(point)); }

  /// The point is done: what its run has found, and of which results that was read. Throws Error if the run has left
  /// no whole results of this stage.
  void note_results(const SweepPoint& point, const std::string& stage, SweepPointResult& entry) const;
  /// Returns whether these are results of this point, and still those that its run left.
  bool are_results_of(const SweepPoint& point, const SweepPointResult& entry) const;
  /// What another process told of the point. Returns nullopt if that is nothing, or of another point or other results.
  std::optional<SweepPointResult> told_result(const SweepPoint& point) const;
  /// The folders, as in SweepPoint::run, of the points of which other processes told.
  std::vector<std::string> told_runs() const;

  /// Throws Error of kind usage, which says what differs, unless these are the points of the plan.
  void require_same(const SweepPlan& plan, const SweepResults& known) const;

 private:
  fs::path out_;
};

}  // namespace limbeck

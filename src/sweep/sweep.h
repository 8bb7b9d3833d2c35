#pragma once
// A sweep: one recipe run at many points, each of which sets some of its keys to other values. Planning reads and
// checks the recipe of every point before anything runs, and finds the stages that points have in common.
//
//   const SweepRequest request{.text = text, .file = "r.yaml", .over = {"stages.distilled.epochs=10,20"}};
//   SweepPlan plan = plan_sweep(request, components());
//   plan.points[0].settings;      // {"stages.distilled.epochs=10"}
//   plan.points[1].shares_with;   // {0}: the teacher's stage is the same
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "recipe/catalogue.h"

namespace limbeck {

struct SweepRequest {
  std::string text;                   ///< the recipe
  std::string file;                   ///< its name in messages
  std::vector<std::string> settings;  ///< of all points
  std::vector<std::string> over;      ///< see sweep_axis.h
  int64_t random = 0;                 ///< so many points drawn; 0: the product of all lists
  int64_t seed = -1;                  ///< of the runs and of the drawing; −1: the recipe's
  int64_t seeds = 1;                  ///< runs of each point, with seeds from there on
  std::string stage;                  ///< whose results are told; empty: the last
  std::string metric = "errors";
  std::string data;  ///< data folder
  std::string device = "auto";
};

struct SweepPoint {
  std::vector<std::string> settings;  ///< "KEY=VALUE", YAML
  Json values;                        ///< {"KEY": value}
  std::string run;                    ///< its folder in the sweep's: "points/0001"
  std::string fingerprint;            ///< of everything that its results depend on, but for the data's content
  bool done = false;                  ///< in an earlier sweep, as it is planned now
  std::string results_file;           ///< fingerprint of its results.json there
  std::vector<size_t> shares_with;    ///< earlier points that have stages in common with this one and no earlier one
};

struct SweepPlan {
  std::string name;               ///< the recipe's
  std::vector<std::string> keys;  ///< that are swept
  std::string stage;
  std::string metric;
  std::optional<std::string>
      chosen_on;  ///< the split that may be chosen on: "validation" where the recipe holds it out
  std::vector<int64_t> seeds;
  std::vector<std::string> settings;  ///< of all points
  std::vector<SweepPoint> points;
};

/// Throws DiagnosticsError with all mistakes of all points, or Error of kind usage. The points of a grid come in the
/// order of their lists, the last list running fastest; random points do not depend on how many are drawn, and none
/// comes twice.
SweepPlan plan_sweep(const SweepRequest& request, const Catalogue& catalogue);

/// Gives points the folders that they have in an earlier sweep.json, and tells which of them are done; the others get
/// folders that are not in it.
void keep_earlier(SweepPlan& plan, const Json& earlier);

}  // namespace limbeck

#pragma once
// A sweep: one recipe run at many points, each of which overrides some of its keys; or several recipes, each at these
// points. Planning validates the recipe of every point before anything runs, and finds stages that points share.
//
//   const SweepRequest request{.recipes = {{text, "r.yaml"}}, .over = {"stages.distilled.epochs=10,20"}};
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

struct SweepRecipe {
  std::string text;
  std::string file;  ///< file name, for messages; without its folder and ending it is the recipe's name in the sweep

  std::string name() const;
};

struct SweepRequest {
  std::vector<SweepRecipe> recipes;   ///< several: the value "recipe" of a point names its own
  std::vector<std::string> settings;  ///< common to all points
  std::vector<std::string> over;      ///< swept keys, see sweep_axis.h
  int64_t random = 0;                 ///< number of random points; 0: the grid of all lists
  int64_t seed = -1;                  ///< of the runs and of random points; −1: the recipe's
  int64_t seeds = 1;                  ///< runs per point, with consecutive seeds
  std::string stage;                  ///< whose results are reported; empty: the last
  std::string metric = "errors";
  std::string data;  ///< data folder
  std::string device = "auto";
};

struct SweepPoint {
  size_t recipe = 0;                  ///< index in SweepRequest::recipes
  std::vector<std::string> settings;  ///< "KEY=VALUE", YAML
  Json values;                        ///< {"KEY": value}
  std::string run;                    ///< folder, relative to the sweep's: "points/0001"
  std::string fingerprint;            ///< of everything that its results depend on, except the data's content
  bool done = false;                  ///< finished in an earlier sweep with the same plan
  std::string results_file;           ///< fingerprint of its results.json in that sweep
  std::vector<size_t> shares_with;    ///< earlier points that share stages with this point but with no earlier one
};

struct SweepPlan {
  std::string name;               ///< of the recipe, or of the folder of several
  std::vector<std::string> keys;  ///< swept keys
  std::string stage;
  std::string metric;
  std::optional<std::string> chosen_on;  ///< split used for selection: "validation" if the recipe holds one out
  std::vector<int64_t> seeds;
  std::vector<std::string> settings;  ///< common to all points
  std::vector<SweepPoint> points;
};

/// Plans a sweep. Grid points follow the order of their lists, the last list varying fastest. Random points do not
/// depend on how many are drawn and are distinct; they are of one recipe. Throws DiagnosticsError with all mistakes of
/// all points, or Error of kind usage.
SweepPlan plan_sweep(const SweepRequest& request, const Catalogue& catalogue);

/// Assigns points their folders from an earlier sweep.json and marks those that are done; other points get folders that
/// are not in it.
void keep_earlier(SweepPlan& plan, const Json& earlier);

}  // namespace limbeck

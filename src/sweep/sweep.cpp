#include "sweep/sweep.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/nearest.h"
#include "core/random.h"
#include "core/text.h"
#include "core/version.h"
#include "recipe/recipe.h"
#include "results/binding.h"
#include "results/sweep_results.h"
#include "sweep/sweep_axis.h"

namespace limbeck {
namespace {

constexpr size_t kMostPoints = 9999;  // folders have four digits
constexpr size_t kMostAxes = 256;     // lanes of random numbers
constexpr const char* kRecipeKey = "recipe";

/// Mistakes of many points, each of them once.
class Mistakes {
 public:
  void add(const Diagnostic& mistake) {
    if (seen_.insert(mistake.text()).second) all_.push_back(mistake);
  }
  void throw_any() const {
    if (!all_.empty()) throw DiagnosticsError(all_);
  }

 private:
  std::set<std::string> seen_;
  std::vector<Diagnostic> all_;
};

std::string joined_setting(const std::string& key, const std::string& value) {
  return key + "=" + value;
}

class Planner {
 public:
  Planner(const SweepRequest& request, const Catalogue& catalogue) : request_(request), catalogue_(catalogue) {
    for (const std::string& over : request.over) axes_.push_back(parse_axis(over));
    check_axes();
  }

  SweepPlan plan() {
    plan_.settings = request_.settings;
    plan_.metric = request_.metric;
    if (has_recipes()) plan_.keys.emplace_back(kRecipeKey);
    for (const SweepAxis& axis : axes_) plan_.keys.insert(plan_.keys.end(), axis.keys.begin(), axis.keys.end());
    if (request_.random > 0)
      draw_points();
    else
      make_grid();
    check_points();
    for (size_t i = 0; i < plan_.points.size(); ++i) plan_.points[i].run = fmt::format("points/{:04}", i + 1);
    return std::move(plan_);
  }

 private:
  void check_axes() const {
    const auto misuse = [](const std::string& message) { throw Error(ErrorKind::usage, message); };
    if (axes_.empty() && !has_recipes())
      misuse("nothing to sweep over; expected --over KEY=VALUE,VALUE,…, or several recipes");
    if (has_recipes() && request_.random > 0) misuse("--random draws points of one recipe; give one");
    std::set<std::string> names;
    for (const SweepRecipe& recipe : request_.recipes)
      if (!names.insert(recipe.name()).second) misuse(fmt::format("two recipes are called '{}'", recipe.name()));
    if (axes_.size() > kMostAxes) misuse(fmt::format("{} times --over; expected at most {}", axes_.size(), kMostAxes));
    std::set<std::string> keys;
    for (const SweepAxis& axis : axes_) {
      if (axis.range && request_.random == 0)
        misuse(fmt::format(
            "--over {}: a range needs --random N, the number of points to draw; or give a list of values", axis.text));
      for (const std::string& key : axis.keys) {
        if (!keys.insert(key).second) misuse(fmt::format("--over {}: the key '{}' is swept twice", axis.text, key));
        if (key == "seed") misuse("--over seed: use --seeds N, which runs every point so many times");
        for (const std::string& setting : request_.settings)
          if (setting.starts_with(key + "="))
            misuse(fmt::format("--over {}: the key '{}' is given by --set too", axis.text, key));
      }
    }
  }

  bool has_recipes() const { return request_.recipes.size() > 1; }

  /// Adds a point: of each axis, the values for its keys.
  void add_point(const std::vector<std::vector<std::string>>& chosen, size_t recipe = 0) {
    SweepPoint point{.recipe = recipe};
    point.values = Json::object();
    if (has_recipes()) point.values[kRecipeKey] = request_.recipes[recipe].name();
    for (size_t axis = 0; axis < axes_.size(); ++axis) {
      for (size_t i = 0; i < axes_[axis].keys.size(); ++i) {
        const std::string &key = axes_[axis].keys[i], &value = chosen[axis][i];
        point.settings.push_back(joined_setting(key, value));
        point.values[key] = yaml_as_json(value);
      }
    }
    plan_.points.push_back(std::move(point));
  }

  void make_grid() {
    size_t count = request_.recipes.size();
    for (const SweepAxis& axis : axes_) {
      count *= axis.values.size();
      if (count > kMostPoints)
        throw Error(ErrorKind::usage,
                    fmt::format("the grid has more than {} points; --random N draws some of them", kMostPoints));
    }
    for (size_t number = 0; number < count; ++number) {
      std::vector<std::vector<std::string>> chosen(axes_.size());
      size_t rest = number;
      for (size_t axis = axes_.size(); axis-- > 0;) {
        chosen[axis] = axes_[axis].values[rest % axes_[axis].values.size()];
        rest /= axes_[axis].values.size();
      }
      add_point(chosen, rest);
    }
  }

  /// Draws until there are enough different points; lists may not have so many.
  void draw_points() {
    const auto wanted = static_cast<size_t>(request_.random);
    if (wanted > kMostPoints)
      throw Error(ErrorKind::usage, fmt::format("--random {}: expected at most {}", wanted, kMostPoints));
    const uint64_t seed = drawing_seed();
    std::vector<bool> whole;
    for (const SweepAxis& axis : axes_) whole.push_back(axis.range && takes_whole_numbers(axis));
    std::set<std::vector<std::vector<std::string>>> drawn;
    for (uint32_t id = 0; drawn.size() < wanted && id < 100 * (wanted + 1); ++id) {
      std::vector<std::vector<std::string>> chosen;
      for (size_t axis = 0; axis < axes_.size(); ++axis) {
        Random random({.seed = seed, .purpose = Purpose::sweep, .id = id, .lane = static_cast<uint32_t>(axis)});
        chosen.push_back(draw(axes_[axis], whole[axis], random));
      }
      if (drawn.insert(chosen).second) add_point(chosen);
    }
  }

  static std::vector<std::string> draw(const SweepAxis& axis, bool whole, Random& random) {
    if (!axis.range) return axis.values[random.below(static_cast<uint32_t>(axis.values.size()))];
    const double share = static_cast<double>(random.bits()) * 0x1p-32;
    return {whole ? std::to_string(axis.range->whole_at(share)) : shortest(axis.range->at(share))};
  }

  Recipe parsed(const SweepRecipe& recipe, const std::vector<std::string>& settings) const {
    return parse_recipe(recipe.text, recipe.file, settings, catalogue_);
  }

  std::optional<Recipe> recipe_with(const std::vector<std::string>& settings) const {
    try {
      return parsed(request_.recipes.front(), settings);
    } catch (const DiagnosticsError&) {
      return std::nullopt;  // the points will say what is wrong
    }
  }

  /// The settings of all points, and the first value of each axis but one.
  std::vector<std::string> first_settings(const SweepAxis* without) const {
    std::vector<std::string> settings = request_.settings;
    for (const SweepAxis& axis : axes_)
      for (size_t i = 0; &axis != without && i < axis.keys.size(); ++i)
        settings.push_back(
            joined_setting(axis.keys[i], axis.range ? shortest(axis.range->low) : axis.values.front()[i]));
    return settings;
  }

  uint64_t drawing_seed() const {
    if (request_.seed >= 0) return static_cast<uint64_t>(request_.seed);
    const std::optional<Recipe> recipe = recipe_with(first_settings(nullptr));
    return recipe ? static_cast<uint64_t>(recipe->seed) : 0;
  }

  /// Whether the recipe takes whole numbers of the range and no others.
  bool takes_whole_numbers(const SweepAxis& axis) const {
    if (!axis.range->whole_ends) return false;
    const auto taken = [&](double number) {
      std::vector<std::string> settings = first_settings(&axis);
      settings.push_back(joined_setting(axis.keys.front(), shortest(number)));
      return recipe_with(settings).has_value();
    };
    return !taken(axis.range->low + 0.5) && (taken(axis.range->low) || taken(axis.range->high));
  }

  void check_points() {
    Mistakes mistakes;
    if (const auto& metrics = evaluation_metrics();
        std::find(metrics.begin(), metrics.end(), request_.metric) == metrics.end())
      mistakes.add({{"--metric", 0, 0},
                    "",
                    fmt::format("unknown metric '{}'{}", request_.metric, suggestion(request_.metric, metrics))});
    plan_.chosen_on = "validation";
    std::map<std::string, size_t> first_with;  // what a stage is → the first point that has it
    for (size_t i = 0; i < plan_.points.size(); ++i) {
      SweepPoint& point = plan_.points[i];
      const std::optional<Recipe> recipe = checked_recipe(point, mistakes);
      if (!recipe) continue;
      describe(*recipe);
      check_stage(*recipe, point, mistakes);
      if (recipe->data.validation == 0) plan_.chosen_on.reset();
      point.fingerprint = fingerprint_of(*recipe);
      std::set<size_t> earlier;
      for (const auto& [name, identity] : stage_identities(*recipe))
        earlier.insert(first_with.emplace(identity, i).first->second);
      earlier.erase(i);
      point.shares_with.assign(earlier.begin(), earlier.end());
    }
    mistakes.throw_any();
  }

  std::optional<Recipe> checked_recipe(const SweepPoint& point, Mistakes& mistakes) const {
    std::vector<std::string> settings = request_.settings;
    settings.insert(settings.end(), point.settings.begin(), point.settings.end());
    try {
      return parsed(request_.recipes[point.recipe], settings);
    } catch (const DiagnosticsError& error) {
      for (Diagnostic mistake : error.diagnostics()) {
        // The message names the value: what is wrong with the key itself is told once.
        for (const std::string& setting : point.settings)
          if (mistake.where.file == "--set " + setting)
            mistake.where.file = "--over " + setting.substr(0, setting.find('='));
        mistakes.add(mistake);
      }
      return std::nullopt;
    }
  }

  void check_stage(const Recipe& recipe, const SweepPoint& point, Mistakes& mistakes) const {
    std::vector<std::string> names;
    for (const StageRecipe& stage : recipe.stages) names.push_back(stage.name);
    const StageRecipe* stage = recipe.stage(plan_.stage);
    if (stage == nullptr)
      mistakes.add({{"--stage", 0, 0},
                    "",
                    fmt::format("no stage '{}'{}{}", plan_.stage,
                                has_recipes() ? " in " + request_.recipes[point.recipe].file : "",
                                suggestion(plan_.stage, names))});
    else if (!stage->teacher && (request_.metric == "agreement" || request_.metric.starts_with("teacher_")))
      mistakes.add({{"--metric", 0, 0},
                    "",
                    fmt::format("the stage '{}' has no teacher to give its {}", stage->name, request_.metric)});
  }

  /// What is the same at all points, from the first that could be read.
  void describe(const Recipe& recipe) {
    if (!plan_.name.empty()) return;
    plan_.name = recipe.name;
    if (has_recipes())
      plan_.name = fs::absolute(request_.recipes.front().file).lexically_normal().parent_path().filename().string();
    plan_.stage = request_.stage.empty() ? recipe.stages.back().name : request_.stage;
    const int64_t first = request_.seed >= 0 ? request_.seed : recipe.seed;
    for (int64_t i = 0; i < request_.seeds; ++i) plan_.seeds.push_back(first + i);
  }

  std::string fingerprint_of(const Recipe& recipe) const {
    Json all = resolve(recipe);
    all.erase("seed");
    Hasher hasher;
    hasher.add(all.dump()).add(Json(plan_.seeds).dump()).add(request_.data).add(request_.device);
    hasher.add(std::to_string(kNumericsRevision));
    for (const NetworkRecipe& network : recipe.networks) {
      add_content(hasher, network.weights);
      for (const std::string& file : files_of(network.architecture)) add_content(hasher, file);
    }
    for (const StageRecipe& stage : recipe.stages)
      for (const std::string& file : files_of(stage.teacher)) add_content(hasher, file);
    return hasher.fingerprint();
  }

  /// A file that is not there is told of by the run.
  static void add_content(Hasher& hasher, const std::string& file) {
    if (!file.empty() && fs::exists(file)) hasher.add(read_file(file));
  }

  /// Of each stage, a fingerprint of everything in the recipe that its result depends on.
  static std::map<std::string, std::string> stage_identities(const Recipe& recipe) {
    Json data = resolve(recipe.data);
    for (const char* key : {"augment", "examples"}) data.erase(key);  // each stage has its own
    std::map<std::string, std::string> identities;
    const auto identity_of_input = [&](const std::string& name) -> std::string {
      if (const NetworkRecipe* network = recipe.network(name); recipe.stage(name) == nullptr && network != nullptr)
        return resolve(network->architecture).dump() + network->weights;
      const StageRecipe* stage = recipe.stage_of(name);
      const auto identity = stage == nullptr ? identities.end() : identities.find(stage->name);
      return identity == identities.end() ? name : identity->second;
    };
    for (const StageRecipe& stage : recipe.stages) {
      Hasher hasher;
      hasher.add(data.dump()).add(resolve(stage).dump());
      if (const NetworkRecipe* network = recipe.network(stage.network))
        hasher.add(resolve(network->architecture).dump());
      for (const std::string& input : stage.inputs) hasher.add(input).add(identity_of_input(input));
      identities[stage.name] = hasher.fingerprint();
    }
    return identities;
  }

  const SweepRequest& request_;
  const Catalogue& catalogue_;
  std::vector<SweepAxis> axes_;
  SweepPlan plan_;
};

/// The same text for the same keys and values, in whatever order.
std::string sorted_text(const Json& values) {
  return nlohmann::json::parse(values.dump()).dump();
}

}  // namespace

std::string SweepRecipe::name() const {
  return fs::path(file).stem().string();
}

SweepPlan plan_sweep(const SweepRequest& request, const Catalogue& catalogue) {
  return Planner(request, catalogue).plan();
}

void keep_earlier(SweepPlan& plan, const Json& earlier) {
  const auto known = from_json<SweepResults>(earlier);
  std::map<std::string, const SweepPointResult*> by_fingerprint, by_values;
  std::set<std::string> taken, kept;
  for (const SweepPointResult& entry : known.points) {
    if (!entry.run.starts_with("points/") || entry.run.find("..") != std::string::npos) continue;
    taken.insert(entry.run);
    by_fingerprint.emplace(entry.fingerprint, &entry);
    if (!entry.values.is_null()) by_values.emplace(sorted_text(entry.values), &entry);
  }
  std::vector<bool> placed(plan.points.size());
  const auto place = [&](size_t i, const std::map<std::string, const SweepPointResult*>& entries,
                         const std::string& key) {
    const auto found = entries.find(key);
    if (placed[i] || found == entries.end() || !kept.insert(found->second->run).second) return;
    SweepPoint& point = plan.points[i];
    point.run = found->second->run;
    point.done = found->second->fingerprint == point.fingerprint && found->second->status == "done";
    point.results_file = found->second->results_file.value_or("");
    placed[i] = true;
  };
  for (size_t i = 0; i < plan.points.size(); ++i) place(i, by_fingerprint, plan.points[i].fingerprint);
  // The same values in a recipe that has changed since: what of it is still the same need not run again.
  for (size_t i = 0; i < plan.points.size(); ++i) place(i, by_values, sorted_text(plan.points[i].values));
  size_t number = 0;
  for (size_t i = 0; i < plan.points.size(); ++i) {
    SweepPoint& point = plan.points[i];
    while (!placed[i] && taken.contains(point.run)) point.run = fmt::format("points/{:04}", ++number);
    taken.insert(point.run);
  }
}

}  // namespace limbeck

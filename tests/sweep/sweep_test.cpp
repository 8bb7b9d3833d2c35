#include "sweep/sweep.h"
#include "core/files.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "core/error.h"
#include "experiment/components.h"
#include "results/binding.h"
#include "results/run_results.h"
#include "support/temporary_folder.h"
#include "sweep/sweep_axis.h"
#include "sweep/sweep_runner.h"

namespace limbeck {
namespace {

constexpr const char* kSweptRecipe = R"(
name: small
seed: 5
data: { source: { digits: { train: 400, test: 100 } }, validation: 50 }
networks: { large: { mlp: [32] }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 2 }
  - { name: baseline, train: small, epochs: 2 }
  - { name: distilled, train: small, teacher: teacher,
      loss: [ soft_targets: { temperature: 4 }, hard_labels: { weight: 0.1 } ] }
)";
const std::string kTemperature = "stages.distilled.loss.soft_targets.temperature";

using Strings = std::vector<std::string>;

SweepPlan plan(SweepRequest request) {
  request.recipes = {{kSweptRecipe, "r.yaml"}};
  return plan_sweep(request, components());
}
std::string mistakes(const SweepRequest& request) {
  return message_of<Error>([&] { plan(request); });
}
std::vector<Strings> settings_of(const SweepPlan& plan) {
  std::vector<Strings> all;
  for (const SweepPoint& point : plan.points) all.push_back(point.settings);
  return all;
}

TEST(SweepAxis, ValuesAreSplitAtCommasThatStandAlone) {
  EXPECT_EQ(split_values("1, 2,4"), (Strings{"1", "2", "4"}));
  EXPECT_EQ(split_values("[1,2],{a: 3, b: [4, 5]}"), (Strings{"[1,2]", "{a: 3, b: [4, 5]}"}));
  EXPECT_EQ(split_values("'a,b',\"c,\\\",d\",it's,e"), (Strings{"'a,b'", "\"c,\\\",d\"", "it's", "e"}));
  EXPECT_EQ(split_values("a,,b"), (Strings{"a", "", "b"}));
  EXPECT_EQ(message_of<Error>([] { split_values("[1,2"); }), "'[1,2': expected ] at its end");
  EXPECT_EQ(message_of<Error>([] { split_values("1],2"); }), "'1],2': ']' closes nothing");
  EXPECT_EQ(message_of<Error>([] { split_values("[1},2"); }), "'[1},2': '}' closes nothing");
  EXPECT_EQ(message_of<Error>([] { split_values("'a,b"); }), "''a,b': expected ' at its end");
}

TEST(SweepAxis, IsAListOrARangeOrAListOfLists) {
  const SweepAxis list = parse_axis("a.b=1,0.5,none");
  EXPECT_EQ(list.keys, Strings{"a.b"});
  EXPECT_EQ(list.values, (std::vector<Strings>{{"1"}, {"0.5"}, {"none"}}));
  EXPECT_FALSE(list.range);
  const SweepAxis together = parse_axis("a,b = [0.9, 0.1],[0.5,0.5]");
  EXPECT_EQ(together.keys, (Strings{"a", "b"}));
  EXPECT_EQ(together.values, (std::vector<Strings>{{"0.9", "0.1"}, {"0.5", "0.5"}}));
  const SweepAxis range = parse_axis("a=1e-4..0.1:log");
  ASSERT_TRUE(range.range);
  EXPECT_EQ(range.range->low, 1e-4);
  EXPECT_EQ(range.range->high, 0.1);
  EXPECT_EQ(range.range->scale, SweepRange::Scale::log);
  EXPECT_FALSE(range.range->whole_ends);
  EXPECT_TRUE(parse_axis("a=1..20").range->whole_ends);
  EXPECT_EQ(parse_axis("a=../b,../c").values.size(), 2U);  // no numbers: files
}

TEST(SweepAxis, SaysWhatIsWrong) {
  const auto message = [](const std::string& text) { return message_of<Error>([&] { parse_axis(text); }); };
  EXPECT_EQ(message("a"), "--over a: expected KEY=VALUE,VALUE,… or KEY=LOW..HIGH, e.g. stages.distilled.epochs=10,20");
  EXPECT_EQ(message("a=1,,2"), "--over a=1,,2: an empty value");
  EXPECT_EQ(message("a=1,1.0"), "--over a=1,1.0: the value 1.0 stands twice");
  EXPECT_EQ(message("a,=1"), "--over a,=1: an empty key; expected KEY=VALUE,VALUE,…");
  EXPECT_EQ(message("a,b=1,2"), "--over a,b=1,2: '1' is one value for 2 keys; expected a list such as [0.9,0.1]");
  EXPECT_EQ(message("a,b=[1,2,3]"), "--over a,b=[1,2,3]: '[1,2,3]' holds 3 values for 2 keys");
  EXPECT_EQ(message("a,b=1..2"), "--over a,b=1..2: a range for several keys; expected lists of their values");
  EXPECT_EQ(message("a=5..2"), "--over a=5..2: a range from 5 to 2; expected LOW..HIGH, LOW below HIGH");
  EXPECT_EQ(message("a=0..2:log"), "--over a=0..2:log: a range from 0 on a scale of logarithms; expected LOW above 0");
  EXPECT_EQ(message("a=1..2:lgo"), "--over a=1..2:lgo: unknown scale 'lgo'; did you mean 'log'?");
}

TEST(SweepAxis, RangesAreCoveredEvenly) {
  const SweepRange linear = *parse_axis("a=2..4").range, log = *parse_axis("a=1..10000:log").range;
  EXPECT_EQ(linear.at(0), 2);
  EXPECT_EQ(linear.at(0.25), 2.5);
  EXPECT_EQ(linear.at(1.0 / 3), 2.66667);
  EXPECT_EQ(log.at(0.5), 100);
  EXPECT_EQ(linear.whole_at(0), 2);
  EXPECT_EQ(linear.whole_at(0.34), 3);
  EXPECT_EQ(linear.whole_at(0.67), 4);
  EXPECT_EQ(linear.whole_at(1), 4);
  EXPECT_EQ(log.whole_at(0), 1);
}

TEST(SweepAxis, ValuesKeepTheirTypes) {
  EXPECT_EQ(yaml_as_json("4").dump(), "4");
  EXPECT_EQ(yaml_as_json("0.5").dump(), "0.5");
  EXPECT_EQ(yaml_as_json("'4'").dump(), "\"4\"");
  EXPECT_EQ(yaml_as_json("true").dump(), "true");
  EXPECT_EQ(yaml_as_json("inf").dump(), "\"inf\"");
  EXPECT_EQ(yaml_as_json("{mlp: [8, 8]}").dump(), R"({"mlp":[8,8]})");
}

TEST(Sweep, AGridIsTheProductOfItsLists) {
  const SweepPlan grid =
      plan({.over = {kTemperature + "=1,2", "stages.teacher.epochs,stages.baseline.epochs=[3,4],[5,6],[7,8]"}});
  ASSERT_EQ(grid.points.size(), 6U);
  EXPECT_EQ(grid.points[1].settings,
            (Strings{kTemperature + "=1", "stages.teacher.epochs=5", "stages.baseline.epochs=6"}));
  EXPECT_EQ(grid.points[3].values,
            (Json{{kTemperature, 2}, {"stages.teacher.epochs", 3}, {"stages.baseline.epochs", 4}}));
  EXPECT_EQ(grid.points[5].run, "points/0006");
  EXPECT_EQ(grid.name, "small");
  EXPECT_EQ(grid.stage, "distilled");
  EXPECT_EQ(grid.chosen_on, "validation");
  EXPECT_EQ(grid.seeds, std::vector<int64_t>{5});
  EXPECT_FALSE(plan({.settings = {"data.validation=0"}, .over = {kTemperature + "=1"}}).chosen_on);
  EXPECT_EQ(plan({.over = {kTemperature + "=1"}, .seed = 7, .seeds = 2}).seeds, (std::vector<int64_t>{7, 8}));
}

TEST(Sweep, StagesInCommonAreFound) {
  const SweepPlan students = plan({.over = {kTemperature + "=1,2,4"}});
  EXPECT_EQ(students.points[0].shares_with, std::vector<size_t>{});
  EXPECT_EQ(students.points[1].shares_with, std::vector<size_t>{0});
  EXPECT_EQ(students.points[2].shares_with, std::vector<size_t>{0});
  // Teacher a for two temperatures, then teacher b; the baseline is the same everywhere.
  const SweepPlan teachers = plan({.over = {"stages.teacher.epochs=1,2", kTemperature + "=1,2"}});
  EXPECT_EQ(teachers.points[2].shares_with, std::vector<size_t>{0});
  EXPECT_EQ(teachers.points[3].shares_with, (std::vector<size_t>{0, 2}));
  // What all stages depend on, and a change of the teacher that its student inherits.
  const SweepPlan data = plan({.over = {"data.source.digits.train=300,400"}});
  EXPECT_EQ(data.points[1].shares_with, std::vector<size_t>{});
  const SweepPlan network = plan({.settings = {"stages=[{name: t, train: large}, {name: s, train: small, teacher: t}]"},
                                  .over = {"networks.large.mlp=[16],[24]"}});
  EXPECT_EQ(network.points[1].shares_with, std::vector<size_t>{});
}

TEST(Sweep, RandomPointsFollowFromTheSeed) {
  const SweepRequest request{
      .over = {kTemperature + "=1..20:log", "stages.distilled.epochs=1..9", "networks.small.mlp=[4],[8]"},
      .random = 20};
  const SweepPlan points = plan(request);
  EXPECT_EQ(settings_of(points), settings_of(plan(request)));
  SweepRequest longer = request, other = request;
  longer.random = 30;
  other.seed = 6;
  const std::vector<Strings> more = settings_of(plan(longer));
  EXPECT_EQ(more.size(), 30U);
  EXPECT_EQ(settings_of(points), std::vector<Strings>(more.begin(), more.begin() + 20));
  EXPECT_NE(settings_of(points), settings_of(plan(other)));
  std::set<Json> networks;
  for (const SweepPoint& point : points.points) {
    EXPECT_GE(point.values[kTemperature], 1.0);
    EXPECT_LE(point.values[kTemperature], 20.0);
    EXPECT_TRUE(point.values["stages.distilled.epochs"].is_number_integer());  // a key that takes whole numbers alone
    EXPECT_LE(point.values["stages.distilled.epochs"], 9);
    networks.insert(point.values["networks.small.mlp"]);
  }
  EXPECT_EQ(networks.size(), 2U);
  EXPECT_EQ(plan({.over = {kTemperature + "=1,2,4"}, .random = 50}).points.size(), 3U);  // none twice
}

TEST(Sweep, AllMistakesAreFoundBeforeAnythingRuns) {
  EXPECT_EQ(
      mistakes(
          {.over = {"stages.distilled.epocs=1,2", kTemperature + "=0,-1,5"}, .stage = "distiled", .metric = "erors"}),
      "--metric: unknown metric 'erors'; did you mean 'errors'?\n"
      "--over stages.distilled.epocs: stages[2].epocs: unknown key; did you mean 'epochs'?\n"
      "--over " +
          kTemperature +
          ": stages[2].loss[0].soft_targets.temperature: 0 is out of range; expected a value above 0\n"
          "--over " +
          kTemperature + ": stages[2].loss[0].soft_targets.temperature: -1 is out of range; expected a value above 0");
  EXPECT_EQ(mistakes({.over = {kTemperature + "=1"}, .stage = "distiled"}),
            "--stage: no stage 'distiled'; did you mean 'distilled'?");
  EXPECT_EQ(mistakes({.over = {kTemperature + "=1"}, .stage = "baseline", .metric = "agreement"}),
            "--metric: the stage 'baseline' has no teacher to give its agreement");
  EXPECT_EQ(mistakes({.over = {kTemperature + "=1..2"}}),
            "--over " + kTemperature +
                "=1..2: a range needs --random N, the number of points to draw; or give a list of values");
  EXPECT_EQ(mistakes({.over = {"a=1", "a=2"}}), "--over a=2: the key 'a' is swept twice");
  EXPECT_EQ(mistakes({.settings = {"a=3"}, .over = {"a=1"}}), "--over a=1: the key 'a' is given by --set too");
  EXPECT_EQ(mistakes({.over = {"seed=1,2"}}), "--over seed: use --seeds N, which runs every point so many times");
  EXPECT_EQ(mistakes({}), "nothing to sweep over; expected --over KEY=VALUE,VALUE,…, or several recipes");
}

/// What a sweep leaves of its plan, all of it done.
Json left_by(const SweepPlan& plan) {
  Json points = Json::array();
  for (const SweepPoint& point : plan.points)
    points.push_back(
        {{"values", point.values}, {"run", point.run}, {"status", "done"}, {"fingerprint", point.fingerprint}});
  return {{"points", points}};
}

TEST(Sweep, PointsOfAnEarlierSweepKeepTheirFolders) {
  const Json earlier = left_by(plan({.over = {kTemperature + "=1,2,4"}}));
  SweepPlan changed = plan({.over = {kTemperature + "=4,8,1"}});
  keep_earlier(changed, earlier);
  EXPECT_EQ(changed.points[0].run, "points/0003");
  EXPECT_TRUE(changed.points[0].done);
  EXPECT_EQ(changed.points[1].run, "points/0004");  // 2 belongs to temperature 2
  EXPECT_FALSE(changed.points[1].done);
  EXPECT_EQ(changed.points[2].run, "points/0001");
  // The same values in another recipe, or with other seeds, run again where they were.
  SweepPlan longer = plan({.settings = {"stages.teacher.epochs=3"}, .over = {kTemperature + "=2"}});
  keep_earlier(longer, earlier);
  EXPECT_EQ(longer.points[0].run, "points/0002");
  EXPECT_FALSE(longer.points[0].done);
  SweepPlan seeds = plan({.over = {kTemperature + "=2"}, .seeds = 2});
  keep_earlier(seeds, earlier);
  EXPECT_FALSE(seeds.points[0].done);
  SweepPlan hostile = plan({.over = {kTemperature + "=2"}});
  for (const Json& damaged :
       {Json{{"points", {1, "x", {{"run", "points/../../etc"}}}}}, Json{{"points", 3}}, Json(7)}) {
    keep_earlier(hostile, damaged);
    EXPECT_EQ(hostile.points[0].run, "points/0001");
  }
}

class SweepWithFiles : public TemporaryFolder {};

TEST_F(SweepWithFiles, RunsPointsAgainWhenAFileOfTheirNetworksHasOtherContent) {
  const fs::path file = folder / "teacher.pt";
  const SweepRequest request{.settings = {fmt::format("networks.large={{ torchscript: '{}' }}", file.string())},
                             .over = {kTemperature + "=1,2"}};
  write_file(file, "one");
  const Json earlier = left_by(plan(request));
  SweepPlan same = plan(request);
  keep_earlier(same, earlier);
  EXPECT_TRUE(same.points[0].done);
  write_file(file, "two");
  SweepPlan changed = plan(request);
  keep_earlier(changed, earlier);
  EXPECT_EQ(changed.points[0].run, "points/0001");
  EXPECT_FALSE(changed.points[0].done);
}

/// The recipe with another last stage.
std::string with_loss(const std::string& loss) {
  std::string text = kSweptRecipe;
  const std::string old = "[ soft_targets: { temperature: 4 }, hard_labels: { weight: 0.1 } ]";
  return text.replace(text.find(old), old.size(), loss);
}

TEST(Sweep, OfSeveralRecipesHasAPointOfEachAndTrainsWhatTheyShareOnce) {
  SweepRequest request{
      .recipes = {{kSweptRecipe, "losses/kd.yaml"}, {with_loss("[ logit_regression ]"), "losses/mimic.yaml"}}};
  const SweepPlan planned = plan_sweep(request, components());
  EXPECT_EQ(planned.name, "losses");
  EXPECT_EQ(planned.stage, "distilled");
  EXPECT_EQ(planned.keys, Strings{"recipe"});
  ASSERT_EQ(planned.points.size(), 2U);
  EXPECT_EQ(planned.points[0].values, Json({{"recipe", "kd"}}));
  EXPECT_EQ(planned.points[1].values, Json({{"recipe", "mimic"}}));
  EXPECT_EQ(planned.points[1].recipe, 1U);
  EXPECT_EQ(planned.points[1].shares_with, std::vector<size_t>{0});  // teacher and baseline
  EXPECT_NE(planned.points[0].fingerprint, planned.points[1].fingerprint);

  request.over = {"stages.distilled.epochs=2,3"};
  const SweepPlan longer = plan_sweep(request, components());
  EXPECT_EQ(longer.keys, (Strings{"recipe", "stages.distilled.epochs"}));
  ASSERT_EQ(longer.points.size(), 4U);
  EXPECT_EQ(longer.points[2].values, Json({{"recipe", "mimic"}, {"stages.distilled.epochs", 2}}));

  const auto misuse = [&] { return message_of<Error>([&] { plan_sweep(request, components()); }); };
  request.random = 2;
  EXPECT_EQ(misuse(), "--random draws points of one recipe; give one");
  request.random = 0;
  request.recipes[1].file = "other/kd.yaml";
  EXPECT_EQ(misuse(), "two recipes are called 'kd'");
  request.over.clear();
  std::string renamed = kSweptRecipe;
  renamed.replace(renamed.find("name: distilled"), 15, "name: distiled");
  request.recipes[1] = {renamed, "other.yaml"};
  EXPECT_NE(misuse().find("no stage 'distilled' in other.yaml; did you mean 'distiled'?"), std::string::npos)
      << misuse();
}

class PointsInThisProcess : public TemporaryFolder {
 protected:
  PointsInThisProcess() : planned(plan({.over = {kTemperature + "=1,2,4,8"}, .seeds = 2})) {
    options = {.out = folder / "sweep",
               .recipes = {{kSweptRecipe, "r.yaml"}},
               .threads = 2,
               .jobs = 3,
               .stop = stop.get_token()};
    options.run_point = [this](const PointRequest& point, const std::stop_token& stop, const PointLog& log) {
      run_point(point, stop, log);
    };
  }

  /// Leaves the results of a run, once so many have begun as `meets` says.
  void run_point(const PointRequest& point, const std::stop_token& stop, const PointLog& log) {
    const std::string name = point.out.filename();
    {
      const std::lock_guard lock(mutex);
      requests[name] = point;
    }
    ++begun;
    while (begun < meets && !stop.stop_requested()) std::this_thread::yield();
    log("point " + name);
    if (name == fails) throw Error("it does not fit");
    if (waits && name != "0001") {
      while (!stop.stop_requested()) std::this_thread::yield();
      throw Error(ErrorKind::interrupted, "stopped");
    }
    StageResult distilled;
    distilled.name = "distilled";
    distilled.evaluations["validation"].set("errors", 3);
    RunResults results;
    results.stages.push_back(distilled);
    fs::create_directories(point.out);
    write_file(point.out / "results.json", to_json(results).dump());
  }
  std::vector<std::string> run() {
    const Json sweep = run_sweep(
        planned, options, {.started = [](size_t, size_t) {}, .ended = [this](const SweepPointEnded&) { ++ended; }});
    std::vector<std::string> states;
    for (const Json& point : sweep["points"]) states.push_back(point["status"]);
    return states;
  }

  SweepPlan planned;
  SweepRunOptions options;
  std::stop_source stop;
  std::mutex mutex;
  std::map<std::string, PointRequest> requests;
  std::atomic<int> begun = 0, meets = 0, ended = 0;
  std::string fails;
  bool waits = false;
};

TEST_F(PointsInThisProcess, RunSideBySideOnceWhatTheyShareIsThere) {
  meets = 0;
  EXPECT_EQ(run(), (Strings{"done", "done", "done", "done"}));
  EXPECT_EQ(ended, 4);
  const PointRequest& third = requests.at("0003");
  EXPECT_EQ(third.settings, (Strings{kTemperature + "=4", "seed=5"}));
  EXPECT_EQ(third.seeds, (std::vector<int64_t>{5, 6}));
  EXPECT_EQ(third.reuse, Strings{(folder / "sweep/points/0001").string()});  // which trained the teacher
  EXPECT_EQ(third.command[1], "run");
  EXPECT_EQ(read_file(folder / "sweep/points/0003.log"), "point 0003\n");
}

TEST_F(PointsInThisProcess, EachRunItsOwnRecipe) {
  options.recipes = {{kSweptRecipe, "losses/kd.yaml"}, {with_loss("[ logit_regression ]"), "losses/mimic.yaml"}};
  planned = plan_sweep({.recipes = options.recipes}, components());
  EXPECT_EQ(run(), (Strings{"done", "done"}));
  EXPECT_EQ(requests.at("0001").recipe, folder / "sweep/recipes/kd.yaml");
  EXPECT_EQ(read_file(requests.at("0002").recipe), options.recipes[1].text);
}

TEST_F(PointsInThisProcess, RunAtTheSameTime) {
  planned = plan({.over = {"stages.teacher.epochs=3,4,5", "stages.baseline.epochs=3,4"}});
  planned.points.resize(3);
  for (SweepPoint& point : planned.points) point.shares_with.clear();
  meets = 3;  // each waits for the others
  EXPECT_EQ(run(), (Strings{"done", "done", "done"}));
}

TEST_F(PointsInThisProcess, GoOnWhereOneFails) {
  fails = "0002";
  EXPECT_EQ(run(), (Strings{"done", "failed", "done", "done"}));
  const Json point = parse_json(read_file(folder / "sweep/sweep.json"), "sweep")["points"][1];
  EXPECT_EQ(point["message"], "point 0002\nit does not fit");
}

TEST_F(PointsInThisProcess, AreStopped) {
  waits = true;
  std::jthread stops([&] {
    while (begun < 3) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_EQ(message_of<Error>([&] { run(); }), "stopped after 1 of 4 points; everything is saved");
  const Json points = parse_json(read_file(folder / "sweep/sweep.json"), "sweep")["points"];
  EXPECT_EQ(points[1]["status"], "pending");
}

}  // namespace
}  // namespace limbeck

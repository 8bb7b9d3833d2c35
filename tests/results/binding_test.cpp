#include "results/binding.h"

#include <gtest/gtest.h>

#include "results/keys.h"
#include "results/run_results.h"
#include "results/seed_means.h"
#include "results/stage_parts.h"

namespace limbeck {
namespace {

struct Inner {
  double share = 0;
  std::string of;
  void bind(ResultFields& fields) {
    fields.value("share", share);
    fields.value("of", of);
  }
};

struct Everything {
  double real = 0;
  int64_t whole = 0;
  Number count;
  bool flag = false;
  std::string text;
  std::optional<double> known, unknown;
  std::optional<int64_t> left_out;
  std::vector<double> numbers;
  std::vector<std::string> none;
  Inner inner;
  std::optional<Inner> perhaps;
  std::vector<Inner> list;
  Named<Inner> named;
  std::vector<std::vector<int64_t>> matrix;
  Metrics open;

  void bind(ResultFields& fields) {
    fields.value("real", real);
    fields.value("whole", whole);
    fields.value("count", count);
    fields.value("flag", flag);
    fields.value("text", text, OverSeeds::first);
    fields.value("known", known, OverSeeds::first);
    fields.value("unknown", unknown);
    fields.value("left_out", left_out, Gap::omitted);
    fields.value("numbers", numbers, {OverSeeds::none, Gap::omitted});
    fields.value("none", none, Gap::omitted);
    fields.value("inner", inner);
    fields.value("perhaps", perhaps);
    fields.value("list", list, OverSeeds::first);
    fields.value("named", named);
    fields.value("matrix", matrix);
    fields.value("open", open, OverSeeds::first);
  }
};

Everything example() {
  Everything all;
  all.real = 2;
  all.whole = 7;
  all.count = 3;
  all.flag = true;
  all.text = "é";
  all.known = 0.5;
  all.numbers = {1, 2.5};
  all.inner = {0.25, "a"};
  all.list = {{0.5, "b"}, {0.75, "c"}};
  all.named["x"] = {1, "d"};
  all.matrix = {{1, 2}, {3, 4}};
  all.open = {{"errors", Number(5)},
              {"nothing", {}},
              {"class_errors", Metrics{{"3.5", Number(2)}}},
              {"each", std::vector<Number>{1, 1.5}}};
  return all;
}

constexpr const char* kExample =
    R"({"real":2.0,"whole":7,"count":3,"flag":true,"text":"é","known":0.5,"unknown":null,"numbers":[1.0,2.5],)"
    R"("inner":{"share":0.25,"of":"a"},"perhaps":null,"list":[{"share":0.5,"of":"b"},{"share":0.75,"of":"c"}],)"
    R"("named":{"x":{"share":1.0,"of":"d"}},"matrix":[[1,2],[3,4]],)"
    R"("open":{"errors":5,"nothing":null,"class_errors":{"3.5":2},"each":[1,1.5]}})";

TEST(Binding, WritesInItsOrderAndReadsTheSameAgain) {
  const Json json = to_json(example());
  EXPECT_EQ(json.dump(), kExample);
  EXPECT_EQ(to_json(from_json<Everything>(json)).dump(), kExample);
}

TEST(Binding, InsistsOnNothing) {
  for (const char* text : {"null", "[1]", "7", R"({"real":"x","whole":1e300,"count":[],"flag":3,"text":null,"known":{},
      "numbers":{"a":1},"inner":[1],"perhaps":"no","list":7,"named":[1],"matrix":[1,[2]],"open":3})"}) {
    const auto read = from_json<Everything>(Json::parse(text));
    EXPECT_EQ(read.real, 0) << text;
    EXPECT_EQ(read.whole, 0) << text;
    EXPECT_FALSE(read.known.has_value()) << text;
    EXPECT_FALSE(read.perhaps.has_value()) << text;
    EXPECT_TRUE(read.list.empty()) << text;
    EXPECT_TRUE(read.open.empty()) << text;
  }
}

TEST(Binding, FindsMetricsByTheirNames) {
  const Metrics metrics = example().open;
  EXPECT_EQ(metrics.number("errors"), 5);
  EXPECT_EQ(metrics.number("class_errors.3.5"), 2);
  EXPECT_FALSE(metrics.number("nothing").has_value());
  EXPECT_FALSE(metrics.number("other.3").has_value());
}

TEST(SeedMeans, AreOfAllNumbersThatAreBound) {
  Everything first = example(), second = example();
  second.real = 5;
  second.whole = 9;
  second.count = 4;
  second.known = 9;
  second.unknown = 7;
  second.inner.share = 0.75;
  second.list[0].share = 9;
  second.named["x"].share = 3;
  const Everything mean = mean_over_seeds<Everything>({&first, &second});
  EXPECT_EQ(mean.real, 3.5);
  EXPECT_EQ(mean.whole, 7) << "what all seeds have in common";
  EXPECT_EQ(mean.count.value, 3.5);
  EXPECT_FALSE(mean.count.whole);
  EXPECT_EQ(mean.known, 0.5) << "as in the first seed";
  EXPECT_EQ(mean.unknown, 7) << "of those that know it";
  EXPECT_TRUE(mean.numbers.empty()) << "left out";
  EXPECT_EQ(mean.inner.share, 0.5);
  EXPECT_EQ(mean.inner.of, "a");
  EXPECT_EQ(mean.list[0].share, 0.5) << "all of it as in the first seed";
  EXPECT_EQ(mean.named.find("x")->share, 2);
  EXPECT_FALSE(mean.perhaps.has_value());
}

/// A part of a kind of stage that src/results knows nothing of.
struct PruningPart : StagePartOf<PruningPart> {
  static constexpr const char* kKey = "pruned";
  double kept = 0;
  std::string by;
  void bind(ResultFields& fields) override {
    fields.value("kept", kept);
    fields.value("by", by);
  }
  std::string note(const StageResult&) const override { return fmt::format("{:.1f} % of the weights", 100 * kept); }
};

StageResult pruned(double kept, int64_t errors) {
  StageResult stage;
  stage.name = "small";
  stage.status = "done";
  stage.weights = "stages/small/weights.safetensors";
  stage.seconds = 10 * kept;
  stage.evaluations[keys::kTest] = {{keys::kExamples, Number(100)}, {keys::kErrors, Number(errors)}};
  PruningPart part;
  part.kept = kept;
  part.by = "magnitude";
  stage.parts.add(part);
  stage.said = stage.note();
  return stage;
}

TEST(StagePart, OfAnyKindIsWrittenReadAndAveraged) {
  const Json json = to_json(pruned(0.5, 7));
  EXPECT_EQ(json["pruned"].dump(), R"({"kept":0.5,"by":"magnitude"})");
  EXPECT_EQ(json["note"], "50.0 % of the weights");

  auto read = from_json<StageResult>(json);
  EXPECT_EQ(to_json(read).dump(), json.dump()) << "a part of unknown kind is kept as it is";
  ASSERT_NE(read.parts.find<PruningPart>(), nullptr);
  EXPECT_EQ(read.parts.find<PruningPart>()->kept, 0.5);
  EXPECT_EQ(read.note(), "50.0 % of the weights");

  const StageResult other = pruned(0.25, 10);
  const StageResult both = combine_stages({&read, &other});
  EXPECT_EQ(both.parts.find<PruningPart>()->kept, 0.375);
  EXPECT_EQ(both.said, "37.5 % of the weights");
  EXPECT_FALSE(both.weights.has_value());
  EXPECT_EQ(both.seconds, 3.75);

  const auto unknown = from_json<StageResult>(json), also = from_json<StageResult>(to_json(other));
  EXPECT_EQ(to_json(combine_stages({&unknown, &also}))["pruned"].dump(), R"({"kept":0.375,"by":"magnitude"})");
}

TEST(StageResult, OfSeveralSeedsHasMeansAndSpreads) {
  const StageResult first = pruned(0.5, 7), second = pruned(0.5, 10);
  const Json json = to_json(combine_stages({&first, &second}));
  EXPECT_EQ(json["evaluations"].dump(), R"({"test":{"examples":100,"errors":8.5}})");
  EXPECT_EQ(json["over_seeds"]["test"]["errors"]["values"].dump(), "[7.0,10.0]");
  EXPECT_NEAR(json["over_seeds"]["test"]["errors"]["deviation"].get<double>(), 2.1213, 1e-4);
  EXPECT_FALSE(json["over_seeds"]["test"].contains("examples"));
}

TEST(StageResult, AddsUpTheExamplesOfSpecialistsByCoverage) {
  const auto stage = [](int64_t correct) {
    StageResult result;
    SpecialistsPart part;
    part.count = 2;
    part.groups = {{.classes = {"a", "b"}, .test_examples = 3}};
    part.by_coverage = {{.specialists = 1, .examples = 10, .generalist_correct = 4, .correct = correct}};
    part.accuracy = 0.1 * static_cast<double>(correct);
    result.parts.add(part);
    return result;
  };
  const StageResult first = stage(5), second = stage(7);
  const StageResult both = combine_stages({&first, &second});
  const auto* part = both.parts.find<SpecialistsPart>();
  ASSERT_EQ(part->by_coverage.size(), 1U);
  EXPECT_EQ(part->by_coverage[0].examples, 20);
  EXPECT_EQ(part->by_coverage[0].correct, 12);
  EXPECT_DOUBLE_EQ(part->by_coverage[0].relative_gain.value(), 0.5);
  EXPECT_TRUE(part->groups.empty());
  EXPECT_NEAR(part->accuracy.value(), 0.6, 1e-12);
}

TEST(RunResults, OfSeveralSeedsNameTheWeightsOfEach) {
  RunResults one;
  one.seed = 1;
  one.stages = {pruned(0.5, 7)};
  one.deployment.emplace();
  RunResults other = one;
  other.seed = 4;
  const Json json = to_json(combine_seeds(std::vector{one, other}));
  EXPECT_EQ(json["seeds"].dump(), "[1,4]");
  EXPECT_FALSE(json.contains("seed"));
  EXPECT_FALSE(json.contains("deployment"));
  EXPECT_EQ(json["stages"][0]["weights_of_seeds"].dump(),
            R"(["seed-1/stages/small/weights.safetensors","seed-4/stages/small/weights.safetensors"])");
}

}  // namespace
}  // namespace limbeck

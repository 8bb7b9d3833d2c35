#include "experiment/specialists.h"
#include "core/json.h"
#include "results/binding.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "experiment/experiment.h"
#include "models/model.h"
#include "nn/ensembles/specialist_ensemble.h"
#include "nn/weights.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

class SpecialistData : public ::testing::Test {
 protected:
  SpecialistExamples examples_for(const std::vector<int64_t>& group, SpecialistTargets targets, int64_t k = 1) const {
    return specialist_examples(train, group, targets, 1, k, digits->classes);
  }
  int64_t count(const torch::Tensor& which) const { return which.sum().item<int64_t>(); }

  std::unique_ptr<Dataset> digits = small_digits(1000, 100);
  ExampleSet train{digits->train, "train", *digits};
};

TEST_F(SpecialistData, IsHalfOfTheGroupAndHalfOfOthers) {
  const SpecialistExamples own = examples_for({3, 7}, SpecialistTargets::dustbin);
  const torch::Tensor labels = own.examples.labels(), truth = digits->train.labels.index_select(0, own.examples.ids());
  const int64_t of_group = count(digits->train.labels.eq(3)) + count(digits->train.labels.eq(7));
  EXPECT_EQ(own.examples.size(), 2 * of_group);
  EXPECT_TRUE(labels.eq(0).equal(truth.eq(3)));
  EXPECT_TRUE(labels.eq(1).equal(truth.eq(7)));
  EXPECT_EQ(count(labels.eq(2)), of_group);
  EXPECT_NEAR(own.others_offset, std::log((1000.0 - static_cast<double>(of_group)) / static_cast<double>(of_group)),
              1e-9);
  EXPECT_FALSE(own.examples.ids().equal(examples_for({3, 7}, SpecialistTargets::dustbin, 2).examples.ids()));
}

TEST_F(SpecialistData, WithFullTargetsHidesTheLabelsOfOthers) {
  const SpecialistExamples own = examples_for({3, 7}, SpecialistTargets::full);
  const torch::Tensor labels = own.examples.labels(), truth = digits->train.labels.index_select(0, own.examples.ids());
  EXPECT_TRUE(labels.equal(torch::where(truth.eq(3).logical_or(truth.eq(7)), truth, torch::full_like(truth, -1))));
  EXPECT_EQ(own.others_offset, examples_for({3, 7}, SpecialistTargets::dustbin).others_offset);
}

TEST_F(SpecialistData, OfClassesWithoutExamplesIsRefused) {
  const ExampleSet without = choose_examples(train, {.without = {7}}, *digits, 1);
  const auto refusal = [&](const std::vector<int64_t>& group) {
    return message_of<Error>(
        [&] { specialist_examples(without, group, SpecialistTargets::dustbin, 1, 1, digits->classes); });
  };
  EXPECT_NE(refusal({3, 7}).find("'7', of which there is no training example"), std::string::npos);
  EXPECT_NE(refusal({0, 1, 2, 3, 4, 5, 6, 8, 9}).find("knows all classes"), std::string::npos);
}

TEST_F(SpecialistData, NumbersAreCounted) {
  ClassGroups groups{.groups = {{0, 1}, {1, 2}}, .nearest = {0, 0, 1}};
  Dataset three = *digits;
  three.classes = {"a", "b", "c"};
  three.superclasses = {5, 5, 6};
  const torch::Tensor labels = torch::tensor({0, 1, 1, 2}, torch::kInt64);
  // The generalist: right, wrong (c), right, wrong (b). All together: right, right, right, wrong.
  const torch::Tensor before =
      torch::tensor({{3.0F, 1.0F, 0.0F}, {0.0F, 1.0F, 2.0F}, {0.0F, 3.0F, 1.0F}, {0.0F, 2.0F, 1.0F}});
  const torch::Tensor after =
      torch::tensor({{3.0F, 1.0F, 0.0F}, {0.0F, 3.0F, 2.0F}, {0.0F, 3.0F, 1.0F}, {0.0F, 2.0F, 1.0F}});
  const SpecialistsPart found = measure_specialists(three, groups, labels, before, after);
  EXPECT_EQ(found.adjusted_rand_index, 1.0);
  EXPECT_EQ(found.generalist_accuracy, 0.5);
  EXPECT_EQ(found.accuracy, 0.75);
  EXPECT_EQ(found.relative_gain, 0.5);
  // Among {a, b} all three are right before and after; among {b, c} one of three before, two after.
  EXPECT_NEAR(*found.conditional_accuracy.generalist, 4.0 / 6, 1e-9);
  EXPECT_NEAR(*found.conditional_accuracy.specialists, 5.0 / 6, 1e-9);
  ASSERT_EQ(found.by_coverage.size(), 2);  // a and c are known by one, b by two
  EXPECT_EQ(
      to_json(found.by_coverage[1]),
      Json({{"specialists", 2}, {"examples", 2}, {"generalist_correct", 1}, {"correct", 2}, {"relative_gain", 1.0}}));
  EXPECT_NE(specialists_table(found).find("a, b"), std::string::npos);
}

TEST(SpecialistEnsemble, AsksThoseWhoKnowTheLikeliestClasses) {
  const auto digits = small_digits(20, 10);
  const auto network = [&](const std::string& text, uint64_t seed, int64_t classes = 0) {
    return make_network(choose(Slot::network, text), *digits, seed, {}, classes);
  };
  const auto generalist = network("{mlp: [8]}", 1), first = network("{mlp: [8]}", 2, 3),
             second = network("{mlp: [8]}", 3, 10);
  const SpecialistEnsemble ensemble(
      generalist,
      {{.classes = {0, 1}, .network = first}, {.classes = {1, 2, 3, 4, 5, 6}, .full = true, .network = second}},
      {.top = 2});
  const torch::Tensor logits =
      torch::tensor({9, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 8, 0, 0, 9, 0, 8, 0, 0, 0, 0, 0, 0},
                    torch::kFloat32)
          .reshape({3, 10});
  EXPECT_TRUE(ensemble.active(logits).equal(torch::tensor({{true, false}, {false, false}, {true, true}})));

  const torch::NoGradGuard no_gradient;
  const torch::Tensor inputs = ExampleSet(digits->train, "train", *digits).batch(torch::arange(20)).inputs;
  const torch::Tensor own = generalist->forward(inputs, {}).logits, all = ensemble.forward(inputs, {}).logits,
                      asked = ensemble.active(own);
  for (int64_t i = 0; i < 20; ++i) {
    std::vector<SpecialistOpinion> opinions;
    const torch::Tensor one = inputs.narrow(0, i, 1), row = torch::zeros({1}, torch::kInt64);
    if (asked[i][0].item<bool>())
      opinions.push_back(
          {.classes = {0, 1}, .log_probabilities = torch::log_softmax(first->forward(one, {}).logits, 1), .rows = row});
    if (asked[i][1].item<bool>())
      opinions.push_back({.log_probabilities = torch::log_softmax(second->forward(one, {}).logits, 1), .rows = row});
    const torch::Tensor expected =
        combined_distribution(torch::log_softmax(own.narrow(0, i, 1), 1), opinions, {}).log_probabilities;
    EXPECT_TRUE(all.narrow(0, i, 1).allclose(expected, 1e-3, 1e-3)) << i;
  }
  EXPECT_GT(asked.sum().item<int64_t>(), 0);
}

class SpecialistRuns : public TemporaryFolder {
 protected:
  static constexpr const char* kRecipe = R"(
name: s
data: { source: { digits: { train: 2000, test: 500 } } }
networks: { n: { mlp: [24] } }
stages:
  - { name: generalist, train: n, epochs: 3 }
  - { name: specialists, train: n, epochs: 2, specialists: { of: generalist, groups: 3, size: 4 } }
  - { name: full, train: n, epochs: 2,
      specialists: { of: generalist, groups: 2, size: 5, targets: full, top: 2, divergence: reverse },
      teacher: generalist,
      loss: [ hard_labels, soft_targets: { temperature: 5, examples: unlabelled } ] }
  - { name: distilled, train: n, epochs: 10, teacher: specialists }
)";
  Json run(const std::vector<std::string>& settings = {}, const std::vector<int64_t>& seeds = {}) {
    EventBus events;
    reused.clear();
    events.subscribe([this](const Event& event) {
      if (const auto* stage = std::get_if<StageReused>(&event)) reused.push_back(stage->stage);
    });
    return Experiment(parse_recipe(kRecipe, "r", settings, components()),
                      {.out = folder / "run", .device = DeviceChoice::cpu, .seeds = seeds}, events)
        .run();
  }
  std::vector<std::string> reused;
};

TEST_F(SpecialistRuns, TrainEvaluateAndTeach) {
  const Json results = run();
  const Json& entry = results["stages"][1];
  EXPECT_EQ(entry["specialists"]["groups"].size(), 3);
  EXPECT_EQ(entry["members"].size(), 3);
  EXPECT_NEAR(entry["specialists"]["accuracy"].get<double>(), entry["evaluations"]["test"]["accuracy"].get<double>(),
              1e-9);
  EXPECT_NEAR(entry["specialists"]["generalist_accuracy"].get<double>(),
              results["stages"][0]["evaluations"]["test"]["accuracy"].get<double>(), 1e-9);
  const Model one = load_model(folder / "run/stages/specialists.2/weights.safetensors");
  EXPECT_EQ(one.description.classes.size(), 5);
  EXPECT_EQ(one.description.classes.back(), "others");
  EXPECT_EQ(load_model(folder / "run/stages/full.1/weights.safetensors").description.classes.size(), 10);
  EXPECT_EQ(results["stages"][3]["teacher"], "specialists");
  EXPECT_GT(results["stages"][3]["evaluations"]["test"]["agreement"].get<double>(), 0.5);
}

TEST_F(SpecialistRuns, AreReusedAndGoOn) {
  const Json before = run();
  const Json again = run();
  EXPECT_EQ(again["stages"][1]["specialists"], before["stages"][1]["specialists"]);
  EXPECT_EQ(again["stages"][3]["evaluations"], before["stages"][3]["evaluations"]);
  EXPECT_NE(std::find(reused.begin(), reused.end(), "distilled"), reused.end());
  const std::string weights = read_file(folder / "run/stages/specialists.3/weights.safetensors");
  fs::remove_all(folder / "run/stages/specialists.3");
  const Json once_more = run();
  EXPECT_EQ(read_file(folder / "run/stages/specialists.3/weights.safetensors"), weights);
  EXPECT_NE(std::find(reused.begin(), reused.end(), "specialists.1"), reused.end());
  EXPECT_EQ(once_more["stages"][1]["evaluations"], before["stages"][1]["evaluations"]);
}

TEST_F(SpecialistRuns, WithFullTargetsHaveTheirPriorCorrectedWhereAsked) {
  const std::string three = "stages.full.specialists.size=3";
  const auto first_state = [&] {
    return state_of(*load_model(folder / "run/stages/full.1/weights.safetensors").network);
  };
  run({three});
  EXPECT_EQ(read_file(folder / "run/stages/full.1/stage.json").find("correct_prior"), std::string::npos);
  const TensorMap plain = first_state();
  run({three, "stages.full.specialists.correct_prior=true"});
  const TensorMap corrected = first_state();
  EXPECT_EQ(std::count(reused.begin(), reused.end(), "full.1"), 0);
  EXPECT_EQ(std::count(reused.begin(), reused.end(), "specialists.1"), 1);

  const auto group = read_json(folder / "run/stages/full/stage.json")["groups"][0].get<std::vector<int64_t>>();
  for (const auto& [name, before] : plain) {
    const torch::Tensor difference = corrected.at(name) - before;
    if (before.dim() != 1 || before.size(0) != 10) {
      EXPECT_TRUE(corrected.at(name).equal(before)) << name;
      continue;
    }
    const torch::Tensor own = difference.index_select(0, torch::tensor(group));
    EXPECT_EQ(own.abs().max().item<double>(), 0);
    // The seven other classes are as many examples as the three: once for every seven thirds that there are.
    EXPECT_NEAR(difference.sum().item<double>() / 7, std::log(7.0 / 3.0), 0.2);
    EXPECT_NEAR(difference.max().item<double>(), difference.sum().item<double>() / 7, 1e-6);
  }
}

TEST_F(SpecialistRuns, OfSeveralSeedsAreAveraged) {
  const Json results = run({}, {1, 2});
  EXPECT_TRUE(results["stages"][1]["evaluations"]["test"]["relative_gain"].is_number());
  EXPECT_EQ(results["stages"][1]["over_seeds"]["test"]["relative_gain"]["values"].size(), 2);
  EXPECT_FALSE(results["stages"][1]["specialists"].contains("groups"));
  int64_t examples = 0, correct = 0;
  for (const Json& row : results["stages"][1]["specialists"]["by_coverage"]) {
    examples += row["examples"].get<int64_t>();
    correct += row["correct"].get<int64_t>();
  }
  EXPECT_EQ(examples, 2 * results["data"]["splits"]["test"].get<int64_t>());
  EXPECT_NEAR(static_cast<double>(correct) / static_cast<double>(examples),
              results["stages"][1]["specialists"]["accuracy"].get<double>(), 1e-9);
}

TEST_F(SpecialistRuns, ThatMakeNoSenseAreRefused) {
  const auto refusal = [&](const std::string& setting) { return message_of<Error>([&] { run({setting}); }); };
  EXPECT_NE(refusal("stages.specialists.specialists.of=nobody").find("no earlier stage 'nobody'"), std::string::npos);
  EXPECT_NE(refusal("stages.specialists.specialists.targets=full").find("full targets come from a teacher"),
            std::string::npos);
  EXPECT_NE(refusal("stages.specialists.specialists.correct_prior=true").find("a dustbin's prior is always corrected"),
            std::string::npos);
  EXPECT_NE(refusal("stages.specialists.replicas=2").find("no replicas"), std::string::npos);
  EXPECT_NE(refusal("stages.specialists.specialists.groups=11").find("11 groups"), std::string::npos);
  EXPECT_NE(refusal("stages.specialists.specialists.size=10").find("groups of 10 classes"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder / "run/stages"));
}

}  // namespace
}  // namespace limbeck

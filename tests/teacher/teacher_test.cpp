#include "teacher/teacher.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <limits>

#include "limbeck/loss.h"
#include "models/model.h"
#include "nn/ensembles/committee.h"
#include "nn/tensor_files.h"
#include "nn/weights.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"
#include "teacher/computed_outputs.h"
#include "teacher/network_teacher.h"

namespace limbeck {
namespace {

struct World {
  std::unique_ptr<Dataset> digits = small_digits(120, 10);
  ExampleSet train{digits->train, "train", *digits};
  Augmenter none;
  std::map<std::string, std::shared_ptr<Network>> networks = {{"t", make(1)}, {"u", make(2)}, {"w", make(3)}};

  std::shared_ptr<Network> make(uint64_t seed) const {
    const auto network =
        make_network(choose(Slot::network, "{mlp: {hidden: [9], dropout: {hidden: 0.5}}}"), *digits, seed);
    const torch::NoGradGuard no_gradient;  // with larger weights, so that distributions differ
    for (Parameter parameter : network->parameters()) parameter.value.mul_(8);
    return network;
  }
  const Network& network(const std::string& name = "t") { return *networks.at(name); }

  std::unique_ptr<Teacher> make_teacher_of(const std::string& yaml, const Augmenter& augmenter,
                                           const ExampleSet& examples,
                                           TeacherPurpose purpose = TeacherPurpose::training) {
    return make_teacher(choose(Slot::teacher, yaml),
                        {.network = [this](const std::string& name) { return networks.at(name); },
                         .examples = examples,
                         .augmenter = augmenter,
                         .classes = 10,
                         .purpose = purpose});
  }
  std::unique_ptr<Teacher> teacher(const std::string& outputs, const Augmenter& augmenter, const ExampleSet& examples) {
    return make_teacher_of("{network: {of: t, outputs: " + outputs + "}}", augmenter, examples);
  }
  std::unique_ptr<Teacher> teacher_of(const std::string& yaml) { return make_teacher_of(yaml, none, train); }
};

/// softmax(v / T) of one network's logits.
torch::Tensor softened(const Network& network, const Batch& batch, double temperature) {
  return torch::softmax(network.forward(batch.inputs, {}).logits / temperature, 1);
}

TEST(NetworkTeacher, IsInEvaluationModeAndWithoutGradient) {
  World world;
  const Batch batch = world.train.batch(torch::arange(5));
  const TeacherOutputs outputs = world.teacher("live", world.none, world.train)->outputs(batch);
  EXPECT_FALSE(outputs.logits.requires_grad());
  EXPECT_TRUE(outputs.logits.equal(world.network().forward(batch.inputs, {}).logits));
  EXPECT_TRUE(outputs.log_probabilities(3).exp().sum(1).allclose(torch::ones({5})));
}

TEST(KeptOutputs, AreTheLiveOnesInWhateverOrderTheyAreAsked) {
  World world;
  const ExampleSet part = world.train.select(torch::arange(20, 120), "train");
  const Batch batch = part.batch(torch::tensor({99, 0, 42}));
  const torch::Tensor kept = world.teacher("kept", world.none, part)->outputs(batch).logits;
  EXPECT_TRUE(kept.allclose(world.teacher("live", world.none, part)->outputs(batch).logits, 1e-5, 1e-6));
}

TEST(KeptOutputs, AreComputedOnceForAllThatUseThem) {
  class Counting : public Teacher {
   public:
    explicit Counting(int& asked) : asked_(asked) {}
    TeacherOutputs outputs(const Batch& batch) const override {
      ++asked_;
      return {.logits = batch.labels.to(torch::kFloat).unsqueeze(1).expand({-1, 10}).contiguous()};
    }

   private:
    int& asked_;
  };
  World world;
  int asked = 0;
  const auto kept = [&](const std::string& fingerprint) {
    asked = 0;
    return make_computed_teacher(std::make_unique<Counting>(asked), ComputedOptions(),
                                 {.examples = world.train, .augmenter = world.none, .classes = 10}, fingerprint);
  };
  std::unique_ptr<Teacher> first = kept("a");
  EXPECT_GT(asked, 0);
  std::unique_ptr<Teacher> second = kept("a");
  EXPECT_EQ(asked, 0);
  const std::unique_ptr<Teacher> other = kept("b");
  EXPECT_GT(asked, 0);
  const Batch batch = world.train.batch(torch::arange(3));
  EXPECT_TRUE(second->outputs(batch).logits.select(1, 0).equal(batch.labels.to(torch::kFloat)));
  first.reset();
  second.reset();
  first = kept("a");
  EXPECT_GT(asked, 0);  // they had been released
}

TEST(KeptOutputs, AreRefusedForOtherExamples) {
  World world;
  const ExampleSet part = world.train.select(torch::arange(0, 50), "train");
  const auto teacher = world.teacher("kept", world.none, part);
  EXPECT_THROW(teacher->outputs(world.train.batch(torch::tensor({50}))), Error);
}

TEST(NetworkTeacher, ChoosesToComputeLiveWhereExamplesAreAugmented) {
  World world;
  const Augmenter shift({choose(Slot::augmentation, "{shift: 2}")});
  const Batch batch = world.train.batch(torch::arange(6), shift, 1, 0);
  const torch::Tensor outputs = world.teacher("auto", shift, world.train)->outputs(batch).logits;
  EXPECT_TRUE(outputs.equal(world.network().forward(batch.inputs, {}).logits));
}

TEST(EnsembleTeacher, AveragesDistributionsAtTheTemperatureAsked) {
  World world;
  const Batch batch = world.train.batch(torch::arange(6));
  for (const double temperature : {1.0, 4.0, 20.0}) {
    torch::Tensor sum = torch::zeros({6, 10}), product = torch::ones({6, 10});
    for (const char* name : {"t", "u", "w"}) {
      const torch::Tensor p = softened(world.network(name), batch, temperature);
      sum = sum + p;
      product = product * p;
    }
    const torch::Tensor geometric = product.pow(1.0 / 3), arithmetic = sum / 3;
    for (const char* outputs : {"live", "kept"}) {
      const auto distribution = [&](const std::string& mean) {
        return world.teacher_of(fmt::format("{{ensemble: {{of: [t, u, w], mean: {}, outputs: {}}}}}", mean, outputs))
            ->outputs(batch)
            .log_probabilities(temperature)
            .exp();
      };
      EXPECT_TRUE(distribution("arithmetic").allclose(arithmetic, 1e-4, 1e-6)) << temperature;
      EXPECT_TRUE(distribution("geometric").allclose(geometric / geometric.sum(1, true), 1e-4, 1e-6)) << temperature;
      EXPECT_TRUE(distribution("logits").allclose(geometric / geometric.sum(1, true), 1e-4, 1e-6)) << temperature;
      EXPECT_FALSE(distribution("arithmetic").allclose(distribution("geometric"), 1e-4, 1e-6)) << temperature;
    }
  }
}

TEST(EnsembleTeacher, RefusesAnArithmeticEnsembleAmongItsMembersAndAMemberTwice) {
  World world;
  const auto committee = std::make_shared<Committee>(
      std::vector<std::shared_ptr<Network>>{world.networks.at("t"), world.networks.at("u")}, EnsembleMean::arithmetic);
  const Choice choice = choose(Slot::teacher, "{ensemble: [t, committee]}");
  EXPECT_THROW(make_teacher(choice, {.network = [&](const std::string& name) -> std::shared_ptr<const Network> {
                                       if (name == "committee") return committee;
                                       return world.networks.at(name);
                                     },
                                     .examples = world.train,
                                     .augmenter = world.none,
                                     .classes = 10}),
               Error);
  EXPECT_THROW(choose(Slot::teacher, "{ensemble: [t, t]}"), DiagnosticsError);
}

TEST(EnsembleTeacher, OfLogitsGivesTheirMean) {
  World world;
  const Batch batch = world.train.batch(torch::arange(6));
  const auto logits = [&](const char* name) { return world.network(name).forward(batch.inputs, {}).logits; };
  const torch::Tensor mean = world.teacher_of("{ensemble: {of: [t, u], mean: logits}}")->outputs(batch).logits;
  EXPECT_TRUE(mean.allclose((logits("t") + logits("u")) / 2, 1e-5, 1e-6));
}

class TeacherFiles : public TemporaryFolder {
 protected:
  std::string path(const std::string& name) const { return (folder / name).string(); }
  World world;
};

TEST_F(TeacherFiles, AStoreIsMadeOnceAndThenRead) {
  const std::string yaml = "{ensemble: {of: [t, u], mean: arithmetic, store: '" + path("s.safetensors") + "'}}";
  const Batch batch = world.train.batch(torch::tensor({7, 3}));
  const torch::Tensor made = world.teacher_of(yaml)->outputs(batch).log_probabilities(3);
  ASSERT_TRUE(fs::exists(path("s.safetensors")));
  const auto written = fs::last_write_time(path("s.safetensors"));
  EXPECT_TRUE(world.teacher_of(yaml)->outputs(batch).log_probabilities(3).equal(made));
  EXPECT_EQ(fs::last_write_time(path("s.safetensors")), written);
  // It is read, not computed again: other numbers in the file are the teacher's numbers.
  LoadedTensors loaded = load_tensors(path("s.safetensors"));
  loaded.tensors["members"].zero_();
  save_tensors(path("s.safetensors"), loaded.tensors, loaded.metadata);
  EXPECT_TRUE(world.teacher_of(yaml)->outputs(batch).log_probabilities(3).exp().allclose(torch::full({2, 10}, 0.1)));
}

TEST_F(TeacherFiles, AStoreOfAnotherTeacherOrOfOtherExamplesIsRefusedAndKept) {
  const std::string store = "store: '" + path("s.safetensors") + "'";
  world.teacher_of("{network: {of: t, " + store + "}}");
  const std::string before = read_file(path("s.safetensors"));
  const auto refused = [&](const std::string& yaml, const ExampleSet& examples) {
    return message_of<Error>([&] { world.make_teacher_of(yaml, world.none, examples); });
  };
  EXPECT_NE(refused("{network: {of: u, " + store + "}}", world.train).find("of another teacher"), std::string::npos);
  EXPECT_NE(refused("{ensemble: {of: [t, u], " + store + "}}", world.train).find("of another teacher"),
            std::string::npos);
  const ExampleSet part = world.train.select(torch::arange(60), "train");
  EXPECT_NE(refused("{network: {of: t, " + store + "}}", part).find("other examples"), std::string::npos);
  torch::NoGradGuard no_gradient;
  torch::Tensor weight = world.networks.at("t")->parameters()[0].value;
  weight[0][0] += 1e-3;
  EXPECT_NE(refused("{network: {of: t, " + store + "}}", world.train).find("of another teacher"), std::string::npos);
  EXPECT_EQ(read_file(path("s.safetensors")), before);
}

TEST_F(TeacherFiles, AStoreKnowsHowACommitteeAverages) {
  const auto committee = [&](EnsembleMean mean) {
    return fingerprint_of(Committee({world.networks.at("t"), world.networks.at("u")}, mean));
  };
  EXPECT_NE(committee(EnsembleMean::arithmetic), committee(EnsembleMean::geometric));
  EXPECT_EQ(committee(EnsembleMean::logits), committee(EnsembleMean::geometric));  // the same distributions
}

TEST_F(TeacherFiles, AStoreTeachesWithoutItsTeacher) {
  const auto live = world.teacher_of("{network: {of: t, store: '" + path("s.safetensors") + "'}}");
  const auto stored = world.teacher_of("{stored: {file: '" + path("s.safetensors") + "', check_labels: false}}");
  const Batch batch = world.train.batch(torch::arange(7));
  EXPECT_TRUE(stored->outputs(batch).logits.equal(live->outputs(batch).logits));
}

TEST_F(TeacherFiles, AStoreThatIsSomethingElseIsRefused) {
  const std::string yaml = "{network: {of: t, store: '" + path("s.safetensors") + "'}}";
  save_tensors(path("s.safetensors"), {{"logits", torch::zeros({120, 10})}}, {});
  EXPECT_NE(message_of<Error>([&] { world.teacher_of(yaml); }).find("no teacher outputs of this program"),
            std::string::npos);
  write_file(path("s.safetensors"), "garbage");
  EXPECT_THROW(world.teacher_of(yaml), Error);
}

/// Logits as another program would have them: the label's is largest.
torch::Tensor foreign_logits(const World& world) {
  return torch::one_hot(world.digits->train.labels, 10).to(torch::kFloat32) * 3 +
         torch::arange(120).unsqueeze(1) * 0.001;
}

TEST_F(TeacherFiles, OutputsFromElsewhereAreJoinedById) {
  const torch::Tensor logits = foreign_logits(world);
  write_tensor_file(path("all.npy"), logits.to(torch::kFloat64));
  const torch::Tensor order = torch::arange(120).flip(0).contiguous();
  write_tensor_file(path("turned.npy"), logits.flip(0).contiguous());
  write_tensor_file(path("ids.npy"), order);
  save_tensors(path("both.safetensors"), {{"logits", logits.flip(0).contiguous()}, {"ids", order}}, {});
  const Batch batch = world.train.batch(torch::tensor({11, 4}));
  const torch::Tensor expected = logits.index_select(0, torch::tensor({11, 4}));
  for (const std::string& yaml :
       std::vector<std::string>{"{stored: '" + path("all.npy") + "'}",
                                "{stored: {file: '" + path("turned.npy") + "', ids: '" + path("ids.npy") + "'}}",
                                "{stored: '" + path("both.safetensors") + "'}"})
    EXPECT_TRUE(world.teacher_of(yaml)->outputs(batch).logits.equal(expected)) << yaml;
  EXPECT_EQ(
      world.make_teacher_of("{stored: '" + path("all.npy") + "'}", world.none, world.train, TeacherPurpose::evaluation),
      nullptr);
}

TEST_F(TeacherFiles, OutputsFromElsewhereThatDoNotFitAreRefused) {
  const torch::Tensor logits = foreign_logits(world), ids = torch::arange(120);
  const auto message = [&](const torch::Tensor& rows, const torch::Tensor& of = {}, const std::string& more = "") {
    write_tensor_file(path("l.npy"), rows.contiguous());
    if (of.defined()) write_tensor_file(path("i.npy"), of.contiguous());
    const std::string with_ids = of.defined() ? ", ids: '" + path("i.npy") + "'" : "";
    return message_of<Error>(
        [&] { world.teacher_of("{stored: {file: '" + path("l.npy") + "'" + with_ids + more + "}}"); });
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos ? "" : text;
  };
  EXPECT_EQ(has(message(logits.slice(0, 0, 100)), "has 100 rows, the training split 120 examples"), "");
  EXPECT_EQ(has(message(logits.slice(1, 0, 9)), "expected [n, 10]"), "");
  EXPECT_EQ(has(message(logits.to(torch::kInt64)), "expected floating point"), "");
  torch::Tensor infinite = logits.clone();
  infinite[17][2] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(has(message(infinite), "not finite in row 17"), "");
  EXPECT_EQ(has(message(logits.roll({7}, {0})), "in a random order"), "") << "rows that are shifted by seven places";
  EXPECT_EQ(has(message(logits, ids.slice(0, 0, 119)), "120 rows of logits and 119 ids"), "");
  EXPECT_EQ(has(message(logits, ids + 1), "ids 1 to 120"), "");
  torch::Tensor twice = ids.clone();
  twice[5] = 6;
  EXPECT_EQ(has(message(logits, twice), "the id 6 twice"), "");
  EXPECT_EQ(has(message(logits, ids.to(torch::kFloat32)), "expected integers"), "");
  EXPECT_EQ(has(message(logits.slice(0, 0, 100), ids.slice(0, 0, 100)),
                "no outputs for 20 of the stage's 120 examples, the first of them 100"),
            "");
  write_tensor_file(path("l.npy"), logits.roll({7}, {0}).contiguous());
  EXPECT_NE(world.teacher_of("{stored: {file: '" + path("l.npy") + "', check_labels: false}}"), nullptr);
}

TEST(VirtualTeacher, IsRightWithTheProbabilityGiven) {
  World world;
  const Batch batch = world.train.batch(torch::arange(8));
  const TeacherOutputs paper = world.teacher_of("{virtual: 0.91}")->outputs(batch);
  const torch::Tensor p = paper.log_probabilities(1).exp();
  EXPECT_TRUE(p.gather(1, batch.labels.unsqueeze(1)).allclose(torch::full({8, 1}, 0.91)));
  EXPECT_NEAR(p[0].min().item<double>(), 0.01, 1e-6);
  // Softened at T: p^(1/T), normalised.
  const torch::Tensor expected = p.pow(1.0 / 20) / p.pow(1.0 / 20).sum(1, true);
  EXPECT_TRUE(paper.log_probabilities(20).exp().allclose(expected, 1e-5, 1e-7));
  // The code's form: softmax of the probabilities over the divisor.
  const torch::Tensor code = world.teacher_of("{virtual: {correct: 0.91, form: code, divisor: 20}}")
                                 ->outputs(batch)
                                 .log_probabilities(1)
                                 .exp();
  EXPECT_TRUE(code.allclose(torch::softmax(p / 20, 1), 1e-5, 1e-7));
  EXPECT_EQ(world.make_teacher_of("virtual", world.none, world.train, TeacherPurpose::evaluation), nullptr);
}

TEST(VirtualTeacher, RefusesExamplesWithoutLabels) {
  World world;
  const ExampleSet hidden = world.train.with_labels(torch::full({120}, -1, torch::kInt64));
  EXPECT_THROW(world.make_teacher_of("virtual", world.none, hidden), Error);
}

// Yuan et al. 2019, section 3: (1 − a) H(q, p) + a KL(u ‖ p) from the uniform teacher at T = 1 is label smoothing.
TEST(UniformTeacher, IsLabelSmoothingInLossAndGradient) {
  World world;
  const Batch batch = world.train.batch(torch::arange(30));
  const TeacherOutputs uniform = world.teacher_of("uniform")->outputs(batch);
  const double a = 0.2;
  const auto evaluated = [&](bool smoothing) {
    const torch::Tensor z =
        world.network("u").forward(batch.inputs, {}).logits.detach().to(torch::kFloat64).requires_grad_();
    const auto value = [&](const std::string& yaml) {
      return choose(Slot::loss, yaml)
          .make<Loss>()
          ->value({.logits = z}, {.logits = uniform.logits.to(torch::kFloat64)}, {.labels = batch.labels});
    };
    const torch::Tensor total = smoothing ? value("{label_smoothing: {amount: 0.2, form: kl}}")
                                          : (1 - a) * value("hard_labels") + a * value("{soft_targets: 1}");
    total.backward();
    return std::pair(total.item<double>(), z.grad());
  };
  const auto smoothed = evaluated(true), distilled = evaluated(false);
  EXPECT_NEAR(smoothed.first, distilled.first, 1e-12);
  EXPECT_TRUE(smoothed.second.allclose(distilled.second, 1e-10, 1e-14));
}

}  // namespace
}  // namespace limbeck

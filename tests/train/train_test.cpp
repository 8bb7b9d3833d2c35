#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <set>

#include "limbeck/loss.h"
#include "models/model.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"
#include "teacher/network_teacher.h"
#include "teacher/stored_views.h"
#include "train/calibration.h"
#include "train/evaluation.h"
#include "train/trainer.h"

namespace limbeck {
namespace {

std::shared_ptr<Network> small_network(const Dataset& dataset, uint64_t seed = 1) {
  return make_network(choose(Slot::network, "{mlp: [12]}"), dataset, seed);
}

/// Gives every parameter the same pseudo-random gradient in both networks, steps both, compares. `strided`: in a layout
/// that the pass in one does not take.
template <class Reference>
void compare_with_pytorch(const std::string& yaml, bool strided,
                          const std::function<Reference(std::vector<torch::Tensor>)>& make) {
  const auto digits = small_digits(20, 10);
  const auto ours = small_network(*digits), theirs = small_network(*digits);
  const auto optimizer = make_optimizer(choose(Slot::optimizer, yaml), *ours);
  std::vector<torch::Tensor> parameters;
  for (const Parameter& parameter : theirs->parameters()) parameters.push_back(parameter.value);
  Reference reference = make(parameters);
  torch::manual_seed(0);
  for (int step = 0; step < 6; ++step) {
    for (size_t i = 0; i < parameters.size(); ++i) {
      const torch::Tensor gradient = torch::randn_like(parameters[i]);
      torch::Tensor mine = ours->parameters()[i].value;
      mine.mutable_grad() = strided ? torch::stack({gradient, gradient}, -1).select(-1, 0) : gradient.clone();
      parameters[i].mutable_grad() = gradient.clone();
    }
    optimizer->step(1);
    reference.step();
  }
  for (size_t i = 0; i < parameters.size(); ++i)
    EXPECT_TRUE(ours->parameters()[i].value.allclose(parameters[i], 1e-5, 1e-6)) << yaml << " " << i;
}

TEST(Optimizers, StepAsPyTorchDoesInOnePassAndByLists) {
  using torch::optim::SGDOptions;
  for (const bool strided : {false, true}) {
    compare_with_pytorch<torch::optim::SGD>(
        "{sgd: {learning_rate: 0.05, momentum: 0.9, weight_decay: 0.01}}", strided,
        [](auto p) { return torch::optim::SGD(p, SGDOptions(0.05).momentum(0.9).weight_decay(0.01)); });
    compare_with_pytorch<torch::optim::SGD>(
        "{sgd: {learning_rate: 0.05, momentum: 0.8, nesterov: true}}", strided,
        [](auto p) { return torch::optim::SGD(p, SGDOptions(0.05).momentum(0.8).nesterov(true)); });
    compare_with_pytorch<torch::optim::Adam>("{adam: {learning_rate: 0.01, weight_decay: 0.1}}", strided, [](auto p) {
      return torch::optim::Adam(p, torch::optim::AdamOptions(0.01).weight_decay(0.1));
    });
    compare_with_pytorch<torch::optim::AdamW>("{adamw: {learning_rate: 0.01, weight_decay: 0.1}}", strided, [](auto p) {
      return torch::optim::AdamW(p, torch::optim::AdamWOptions(0.01).weight_decay(0.1));
    });
  }
}

TEST(Optimizers, MaxNormBoundsTheWeightsThatComeIntoAUnitAndLeavesShorterOnesAlone) {
  const auto digits = small_digits(20, 10);
  for (const bool turned : {false, true}) {  // in memory, so that the pass in one does not take it
    const auto network = small_network(*digits);
    torch::Tensor weight = network->parameters()[0].value;
    if (turned) weight.set_data(weight.detach().t().contiguous().t());
    {
      const torch::NoGradGuard no_gradient;
      weight[0].mul_(100);
    }
    const torch::Tensor before = weight.detach().clone();
    weight.mutable_grad() = torch::zeros_like(weight);
    make_optimizer(choose(Slot::optimizer, "{sgd: {max_norm: 2}}"), *network)->step(1);
    EXPECT_NEAR(weight[0].norm().item<float>(), 2, 1e-5);
    EXPECT_TRUE(weight[0].allclose(before[0] * (2 / before[0].norm()), 1e-5, 1e-6));
    EXPECT_TRUE(weight.slice(0, 1).equal(before.slice(0, 1)));
  }
}

double factor(const std::string& yaml, double epoch, double epochs) {
  return choose(Slot::schedule, yaml).make<Schedule>()->factor(epoch, epochs);
}

TEST(Schedules, GoWhereTheySay) {
  EXPECT_EQ(factor("constant", 7, 10), 1);
  EXPECT_DOUBLE_EQ(factor("{constant: {warmup_epochs: 4}}", 1, 10), 0.25);
  EXPECT_DOUBLE_EQ(factor("cosine", 0, 10), 1);
  EXPECT_NEAR(factor("cosine", 5, 10), 0.5, 1e-12);
  EXPECT_NEAR(factor("{cosine: {final: 0.1}}", 10, 10), 0.1, 1e-12);
  EXPECT_NEAR(factor("{cosine: {warmup_epochs: 2}}", 6, 10), 0.5, 1e-12);
  EXPECT_NEAR(factor("{step: {at: [3, 6], factor: 0.1}}", 2.9, 10), 1, 1e-12);
  EXPECT_NEAR(factor("{step: {at: [3, 6], factor: 0.1}}", 3, 10), 0.1, 1e-12);
  EXPECT_NEAR(factor("{step: {at: [3, 6], factor: 0.1}}", 9, 10), 0.01, 1e-12);
  EXPECT_NEAR(factor("{one_cycle: {rise: 0.3, start: 0.04}}", 0, 10), 0.04, 1e-12);
  EXPECT_NEAR(factor("one_cycle", 3, 10), 1, 1e-12);
  EXPECT_NEAR(factor("one_cycle", 10, 10), 0.0001, 1e-9);
}

TEST(CountHits, CountsLabelledExamplesOnly) {
  const torch::Tensor logits =
      torch::tensor({{1.0F, 3.0F, 2.0F}, {5.0F, 0.0F, 0.0F}, {0.0F, 0.0F, 1.0F}, {0.0F, 1.0F, 0.0F}});
  const torch::Tensor labels = torch::tensor({1, 2, -1, 1});
  for (const torch::Tensor& given : {logits, logits.to(torch::kFloat64)}) {
    const Hits hits = count_hits(given, labels);
    EXPECT_EQ(hits.labelled, 3);
    EXPECT_EQ(hits.correct, 2);
  }
}

TEST(Evaluate, GivesTheHandComputedNumbers) {
  const torch::Tensor logits = torch::tensor({{0.9, 0.1}, {0.8, 0.2}, {0.3, 0.7}, {0.4, 0.6}}, torch::kFloat64).log();
  const Evaluation evaluation =
      evaluate(logits, torch::tensor({0, 1, 1, 1}),
               torch::tensor({{0.9, 0.1}, {0.1, 0.9}, {0.3, 0.7}, {0.4, 0.6}}, torch::kFloat64).log());
  EXPECT_EQ(evaluation.errors, 1);
  EXPECT_DOUBLE_EQ(evaluation.accuracy, 0.75);
  EXPECT_NEAR(evaluation.nll, -(std::log(0.9) + std::log(0.2) + std::log(0.7) + std::log(0.6)) / 4, 1e-12);
  // Each example is alone in its bin: |1 − 0.9|, |0 − 0.8|, |1 − 0.7|, |1 − 0.6|, averaged.
  EXPECT_NEAR(evaluation.ece, (0.1 + 0.8 + 0.3 + 0.4) / 4, 1e-9);
  EXPECT_DOUBLE_EQ(*evaluation.agreement, 0.75);
  EXPECT_NEAR(*evaluation.teacher_kl, (0.1 * std::log(0.1 / 0.8) + 0.9 * std::log(0.9 / 0.2)) / 4, 1e-12);
  EXPECT_TRUE(evaluation.confusion.equal(torch::tensor({{1, 0}, {1, 2}})));
  EXPECT_FALSE(evaluate(logits, torch::tensor({0, 0, 1, 1})).agreement.has_value());
}

class Training : public TemporaryFolder {
 protected:
  /// The weights after training; `stop_after` epochs in, a stop is requested once.
  TensorMap train(const std::string& stage_yaml, int stop_after = -1, const std::vector<std::string>& settings = {}) {
    const Recipe recipe = parse_recipe(
        "name: t\ndata: {source: digits}\nnetworks: {n: {mlp: {hidden: [12], dropout: {hidden: 0.2}}}}\nstages: "
        "[{name: s, train: n, " +
            stage_yaml + "}]\n",
        "t", settings, components());
    const auto network = make_network(recipe.networks[0].architecture, *digits, 1);
    const TrainingSplit split = hold_out(*digits, 50, 1);
    const Augmenter augmenter(recipe.stages[0].augment);
    const CheckpointFile checkpoint(folder / "checkpoint.safetensors", "f");
    std::stop_source stop;
    EventBus events;
    events.subscribe([&](const Event& event) {
      if (const auto* epoch = std::get_if<EpochDone>(&event)) {
        epochs.push_back(*epoch);
        if (epoch->epoch == stop_after) stop.request_stop();
      }
    });
    result = Trainer({.stage = recipe.stages[0],
                      .seed = 1,
                      .network = *network,
                      .teacher = teacher,
                      .train = split.train,
                      .validation = split.validation,
                      .augmenter = augmenter,
                      .checkpoint = checkpoint,
                      .events = events,
                      .stop = stop.get_token()})
                 .run();
    return state_of(*network);
  }

  std::shared_ptr<Network> small_network_of(const TensorMap& weights) const {
    const auto network = small_network(*digits);
    load_state(*network, weights, "test");
    return network;
  }

  std::unique_ptr<Dataset> digits = small_digits(330, 10);
  std::vector<EpochDone> epochs;
  const Teacher* teacher = nullptr;
  TrainingResult result;
};

TEST_F(Training, StoppedAndContinuedGivesTheSameBits) {
  for (const std::string optimizer : {"{sgd: {max_norm: 1.0}}", "adamw"}) {
    const std::string augment = optimizer == "adamw" ? "{rotation: 10, zoom: 0.1, cutmix: 0.4}" : "{shift: 1}";
    const std::string stage = "epochs: 4, batch_size: 32, augment: " + augment + ", optimizer: " + optimizer;
    const TensorMap whole = train(stage);
    EXPECT_THROW(train(stage, 2), Error);
    const TensorMap continued = train(stage);
    for (const auto& [name, value] : whole) EXPECT_TRUE(value.equal(continued.at(name))) << optimizer << " " << name;
    fs::remove(folder / "checkpoint.safetensors");
  }
}

TEST_F(Training, WithALossThatHasParametersGoesOnToTheSameBits) {
  const ExampleSet examples(digits->train, "train", *digits);
  const Augmenter none;
  const auto taught_by = teach_by(make_network(choose(Slot::network, "{mlp: [20]}"), *digits, 7),
                                  {.network = nullptr, .examples = examples, .augmenter = none, .taps = {"relu1"}});
  teacher = taught_by.get();
  const auto checkpoint = [&] {
    TensorMap tensors = load_tensors(folder / "checkpoint.safetensors").tensors;
    tensors.erase("progress.seconds");
    return tensors;
  };
  for (const std::string optimizer : {"{sgd: {max_norm: 1.0}}", "adamw", "dot"}) {
    const std::string stage =
        "epochs: 4, batch_size: 32, checkpoint_seconds: 0, augment: {shift: 1}, teacher: uniform, loss: [ fitnet: { "
        "from: relu1, reduction: mean, weight: 5 }, hard_labels: {} ], optimizer: " +
        optimizer;
    const TensorMap whole = train(stage);
    const TensorMap saved = checkpoint();
    EXPECT_EQ(result.loss_parameters, 20 * 12 + 20);
    EXPECT_EQ(saved.at("losses.fitnet.weight").sizes().vec(), (Shape{20, 12}));
    EXPECT_TRUE(saved.contains((optimizer == "adamw" ? "optimizer.mean" : "optimizer.momentum") +
                               std::string(".losses:fitnet.bias")));
    EXPECT_LT(epochs.back().terms.at("fitnet"), 0.9 * epochs.at(epochs.size() - 4).terms.at("fitnet"));
    fs::remove(folder / "checkpoint.safetensors");  // the next training begins anew
    EXPECT_THROW(train(stage, 2), Error);
    EXPECT_FALSE(
        checkpoint().at("losses.fitnet.weight").equal(saved.at("losses.fitnet.weight")));  // it is being learned
    train(stage);
    const TensorMap continued = checkpoint();
    EXPECT_EQ(continued.size(), saved.size());
    for (const auto& [name, value] : saved) EXPECT_TRUE(value.equal(continued.at(name))) << optimizer << " " << name;
    fs::remove(folder / "checkpoint.safetensors");
  }
}

TEST_F(Training, RefusesACheckpointWithoutTheParametersOfItsLosses) {
  const auto network = small_network(*digits);
  const auto optimizer = make_optimizer(choose(Slot::optimizer, "sgd"), *network);
  const CheckpointFile checkpoint(folder / "c.safetensors", "f");
  std::vector<Parameter> parameters, memory;
  const TrainedState state{*network, parameters, memory, *optimizer};
  checkpoint.save(state, {.sums = torch::zeros({4}, torch::kFloat64), .conditions = {"one"}});
  EXPECT_TRUE(checkpoint.load(state).has_value());
  parameters.push_back({"fitnet.weight", torch::zeros({2, 3})});
  EXPECT_NE(message_of<Error>([&] { checkpoint.load(state); }).find("has no fitting 'fitnet.weight' for the losses"),
            std::string::npos);
}

TEST_F(Training, DividesALargeCheckpointIntoFilesThatCanBeCarried) {
  const auto network = make_network(choose(Slot::network, "{mlp: [1200, 1200]}"), *digits, 1);
  const auto optimizer = make_optimizer(choose(Slot::optimizer, "adamw"), *network);
  const CheckpointFile checkpoint(folder / "c.safetensors", "f");
  const std::vector<Parameter> none;
  const TrainedState state{*network, none, none, *optimizer};
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
      names.insert(entry.path().filename().string());
      EXPECT_LE(fs::file_size(entry), 16 << 20) << entry.path();
    }
    return names;
  };
  const auto save = [&](int64_t epoch) {
    checkpoint.save(state, {.epoch = epoch, .sums = torch::zeros({4}, torch::kFloat64), .conditions = {"one"}});
  };
  const auto names_at = [](const std::string& place) {
    return std::set<std::string>{"c.safetensors", "c-" + place + "-1.safetensors", "c-" + place + "-2.safetensors"};
  };
  save(3);
  EXPECT_EQ(files(), names_at("3-0"));
  TensorMap saved;
  for (const auto& [name, tensor] : state_of(*network)) saved[name] = tensor.detach().clone();
  save(4);
  EXPECT_EQ(files(), names_at("4-0"));
  for (const Parameter& parameter : network->parameters()) parameter.value.detach().zero_();
  EXPECT_EQ(checkpoint.load(state)->epoch, 4);
  for (const auto& [name, tensor] : state_of(*network)) EXPECT_TRUE(tensor.equal(saved.at(name))) << name;
  fs::remove(folder / "c-4-0-2.safetensors");
  EXPECT_NE(message_of<Error>([&] { checkpoint.load(state); }).find("is in 2 parts, and"), std::string::npos);
  checkpoint.remove();
  EXPECT_EQ(files(), std::set<std::string>{});
}

// The formula of Zhao et al. 2023, for gradients of the distillation terms and of the others, in one pass and by lists.
TEST(Dot, StepsWithAMomentumOfEachGradient) {
  for (const bool strided : {false, true}) {
    const auto digits = small_digits(20, 10);
    const auto network = small_network(*digits);
    const auto optimizer = make_optimizer(
        choose(Slot::optimizer, "{dot: {learning_rate: 0.1, momentum: 0.8, delta: 0.1, weight_decay: 0.02}}"),
        *network);
    EXPECT_TRUE(optimizer->separates());
    torch::Tensor value = network->parameters()[0].value;
    torch::Tensor w = value.detach().clone(), m = torch::zeros_like(w), k = torch::zeros_like(w);
    torch::manual_seed(0);
    const auto laid_out = [&](const torch::Tensor& gradient) {
      return strided ? torch::stack({gradient, gradient}, -1).select(-1, 0) : gradient.clone();
    };
    for (int step = 0; step < 4; ++step) {
      const torch::Tensor distilled = torch::randn_like(w), task = torch::randn_like(w);
      value.mutable_grad() = laid_out(distilled);
      optimizer->keep_distilled({});
      EXPECT_EQ(value.grad().abs().sum().item<double>(), 0);
      value.mutable_grad() = laid_out(step == 3 ? torch::zeros_like(w) : task);
      optimizer->step(0.5);
      m = 0.7 * m + (step == 3 ? torch::zeros_like(w) : task) + 0.02 * w;
      k = 0.9 * k + distilled;
      w = w - 0.05 * (m + k);
      EXPECT_TRUE(value.allclose(w, 1e-5, 1e-6)) << step;
    }
    EXPECT_TRUE(optimizer->state().contains("distilled.fc1.weight"));
  }
}

TEST(Optimizers, UpdateAllGroupsAlikeAndNameTheirStatesApart) {
  const auto digits = small_digits(20, 10);
  const auto whole = small_network(*digits), parted = small_network(*digits);
  const auto first = make_optimizer(choose(Slot::optimizer, "{adamw: {weight_decay: 0.1}}"), *whole);
  const std::vector<Parameter>& all = parted->parameters();
  const auto second = make_optimizer(choose(Slot::optimizer, "{adamw: {weight_decay: 0.1}}"),
                                     ParameterGroups{{"", {all[0], all[1]}}, {"losses", {all[2], all[3]}}});
  for (int step = 0; step < 3; ++step)
    for (const auto& [network, optimizer] : {std::pair{whole, first.get()}, std::pair{parted, second.get()}}) {
      for (const Parameter& parameter : network->parameters()) {
        torch::Tensor value = parameter.value;
        value.mutable_grad() = value.detach() * 0.5 + step;
      }
      optimizer->step(1);
    }
  for (size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(all[i].value.equal(whole->parameters()[i].value)) << i;
  EXPECT_TRUE(second->state().contains("mean.fc1.weight"));
  EXPECT_TRUE(second->state().contains("mean.losses:fc2.weight"));
}

TEST_F(Training, ReportsSumsOverExamplesAndNotMeansOfBatchMeans) {
  // 280 examples in batches of 256 and 24: the mean over examples follows from the terms of both.
  train("epochs: 1, batch_size: 256, checkpoint_seconds: 1000");
  ASSERT_EQ(epochs.size(), 1U);
  EXPECT_EQ(epochs[0].train.examples, 280);
  EXPECT_EQ(epochs[0].step, 2);
  EXPECT_NEAR(epochs[0].train.loss, epochs[0].terms.at("hard_labels"), 1e-9);
  EXPECT_EQ(epochs[0].validation->examples, 50);
}

TEST_F(Training, OnMixedExamplesLearnsBothLabelsByTheirShares) {
  train("epochs: 1, batch_size: 512, augment: {mixup: 5}");
  const auto network = make_network(choose(Slot::network, "{mlp: {hidden: [12], dropout: {hidden: 0.2}}}"), *digits, 1);
  const ExampleSet examples = hold_out(*digits, 50, 1).train;
  const Augmenter augmenter({choose(Slot::augmentation, "{mixup: 5}")});
  const Batch batch = examples.batch(examples.order(1, 0), augmenter, 1, 0);
  const Noise noise{1, 0, batch.ids};
  const Outputs outputs = network->forward(batch.inputs, {.noise = &noise});
  const auto loss = choose(Slot::loss, "hard_labels").make<Loss>();
  const double both =
      loss->value(outputs, {}, {batch.labels, batch.ids, batch.partner_labels, batch.mix}).item<double>();
  EXPECT_NEAR(epochs.at(0).train.loss, both, 1e-5);
  EXPECT_GT(std::abs(loss->value(outputs, {}, {batch.labels, batch.ids}).item<double>() - both), 1e-3);
}

TEST_F(Training, LearnsTheDigits) {
  train("epochs: 30, batch_size: 16");
  EXPECT_LT(epochs.back().train.loss, epochs.front().train.loss * 0.6);
  EXPECT_GT(epochs.back().train.accuracy, 0.5);  // chance: 0.1; 12 units, with dropout, on 280 examples
}

TEST_F(Training, StopsWhereTheLossIsNotFinite) {
  const std::string message = message_of<Error>([&] { train("epochs: 5, optimizer: {sgd: {learning_rate: 1.0e30}}"); });
  EXPECT_NE(message.find("stage 's': the loss is not finite in epoch 1, step "), std::string::npos) << message;
  EXPECT_NE(message.find("hard_labels nan"), std::string::npos) << message;
}

TEST_F(Training, BlamesTheTeacherWhoseOutputsAreNotFinite) {
  class Broken : public Teacher {
   public:
    TeacherOutputs outputs(const Batch& batch) const override {
      torch::Tensor logits = torch::zeros({batch.size(), 10});
      logits.index_put_({batch.ids == 7}, std::nanf(""));
      return {.logits = logits};
    }
  };
  const Broken broken;
  teacher = &broken;
  const std::string message =
      message_of<Error>([&] { train("epochs: 2, batch_size: 280, teacher: uniform, loss: [ logit_regression ]"); });
  EXPECT_EQ(message,
            "stage 's': the teacher's outputs are not finite for 1 of 280 examples of the batch, for the training "
            "example 7 first");
}

/// A teacher whose last bits depend on how many examples it is asked of at once, as those of many products do.
class OfItsBatch : public Teacher {
 public:
  TeacherOutputs outputs(const Batch& batch) const override {
    asked += batch.size();
    return {.logits = batch.inputs.flatten(1).slice(1, 300, 310) + 1e-3 * static_cast<double>(batch.size())};
  }
  mutable int64_t asked = 0;
};

TEST_F(Training, GoesOnToTheSameBitsWithTeacherOutputsThatAreKeptInMemory) {
  const Augmenter shift{{choose(Slot::augmentation, "{shift: 1}")}};  // 9 views
  const TrainingSplit split = hold_out(*digits, 50, 1);
  const std::string stage =
      "epochs: 7, batch_size: 32, augment: {shift: 1}, teacher: uniform, loss: [ logit_regression ]";
  for (const int64_t cycle : {3, 0}) {
    int64_t asked = 0;  // of the last teacher, by a run that was not stopped
    const auto with_new_teacher = [&](int stop_after) {
      auto live = std::make_unique<OfItsBatch>();
      const OfItsBatch& counting = *live;
      const StoredViews stored(
          std::move(live), TeacherStore::in_memory({.slots = cycle > 0 ? cycle : 9, .classes = 10}, split.train.ids()),
          split.train, shift, 1, cycle);
      teacher = &stored;
      const TensorMap weights = train(stage, stop_after);
      asked = counting.asked;
      return weights;
    };
    const TensorMap whole = with_new_teacher(-1);
    const int64_t asked_at_once = asked;
    fs::remove(folder / "checkpoint.safetensors");
    for (const int stop_after : {2, 5}) {
      EXPECT_THROW(with_new_teacher(stop_after), Error);
    }
    for (const auto& [name, value] : with_new_teacher(-1))
      EXPECT_TRUE(value.equal(whole.at(name))) << cycle << " " << name;
    EXPECT_LE(asked, asked_at_once);  // no more than what was lost
    fs::remove(folder / "checkpoint.safetensors");
  }
}

TEST_F(Training, ADamagedCheckpointIsAnErrorThatSaysWhatToDo) {
  EXPECT_THROW(train("epochs: 3", 1), Error);
  const fs::path file = folder / "checkpoint.safetensors";
  std::string content = read_file(file);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  write_file(file, content);
  const std::string message = message_of<Error>([&] { train("epochs: 3"); });
  EXPECT_NE(message.find("does not match its checksum"), std::string::npos) << message;
  EXPECT_NE(message.find("remove the file"), std::string::npos) << message;
}

TEST_F(Training, StopsEarlyAndKeepsTheBestEpoch) {
  const std::string stage =
      "epochs: 60, batch_size: 16, stop: {patience: 3}, optimizer: {sgd: {learning_rate: 0.3}}, schedule: constant";
  const std::string settings = "data.validation=50";
  const TensorMap kept = train(stage, -1, {settings});
  ASSERT_LT(epochs.size(), 60U);
  size_t best = 0;
  for (size_t i = 1; i < epochs.size(); ++i)
    if (epochs[i].validation->accuracy > epochs[best].validation->accuracy) best = i;
  EXPECT_EQ(epochs.size(), best + 1 + 3);
  EXPECT_EQ(result.epochs, static_cast<int64_t>(epochs.size()));
  EXPECT_EQ(result.kept_epoch, static_cast<int64_t>(best + 1));
  const auto network = small_network_of(kept);
  const Evaluation measured = evaluate(predict_logits(*network, hold_out(*digits, 50, 1).validation),
                                       hold_out(*digits, 50, 1).validation.labels());
  EXPECT_EQ(measured.errors, epochs[best].validation->errors);
}

TEST_F(Training, StoppedEarlyAndInterruptedGivesTheSameBits) {
  const std::string stage =
      "epochs: 60, batch_size: 16, stop: {patience: 4}, optimizer: {sgd: {learning_rate: 0.3}}, schedule: constant";
  const TensorMap whole = train(stage, -1, {"data.validation=50"});
  const size_t trained = epochs.size();
  for (const int stop_after : {1, static_cast<int>(trained) - 2}) {
    fs::remove(folder / "checkpoint.safetensors");
    EXPECT_THROW(train(stage, stop_after, {"data.validation=50"}), Error);
    const TensorMap continued = train(stage, -1, {"data.validation=50"});
    EXPECT_EQ(static_cast<size_t>(result.epochs), trained);
    for (const auto& [name, value] : whole) EXPECT_TRUE(value.equal(continued.at(name))) << stop_after << " " << name;
  }
}

TEST_F(Training, StopsAtAnEpochOrAtAnAccuracyWithTheScheduleOfTheWhole) {
  train("epochs: 10, stop: {epoch: 2}, schedule: cosine");
  EXPECT_EQ(result.epochs, 2);
  EXPECT_GT(epochs.back().learning_rate, 0.02);  // of 0.03 at the start; after two of two epochs it would be 0
  fs::remove(folder / "checkpoint.safetensors");
  epochs.clear();
  train("epochs: 200, batch_size: 16, stop: {accuracy: 0.4}", -1, {"data.validation=50"});
  EXPECT_GE(epochs.back().validation->accuracy, 0.4);
  EXPECT_LT(epochs[epochs.size() - 2].validation->accuracy, 0.4);
  EXPECT_EQ(result.kept_epoch, result.epochs);
}

TEST_F(Training, LooksAtValidationAloneWhereThereIsOne) {
  train("epochs: 200, batch_size: 16, evaluate_every: 5, stop: {accuracy: 0.4}", -1, {"data.validation=50"});
  EXPECT_EQ(result.epochs % 5, 0);  // between validations nothing is known
  EXPECT_GE(epochs.back().validation->accuracy, 0.4);
  fs::remove(folder / "checkpoint.safetensors");
  epochs.clear();
  train(
      "epochs: 60, batch_size: 16, evaluate_every: 5, stop: {patience: 1}, optimizer: {sgd: {learning_rate: 0.3}}, "
      "schedule: constant",
      -1, {"data.validation=50"});
  EXPECT_GE(result.epochs, 10);  // one validation is not yet worse than another
}

/// The errors when `offset` is added to the classes' logits.
int64_t errors_with(const torch::Tensor& logits, const torch::Tensor& labels, const std::vector<int64_t>& classes,
                    double offset) {
  torch::Tensor shifted = logits.clone();
  for (const int64_t label : classes) shifted.select(1, label).add_(offset);
  return labels.size(0) - shifted.argmax(1).eq(labels).sum().item<int64_t>();
}

TEST(CalibrateBias, FindsWhatAScanOfManyOffsetsFinds) {
  torch::manual_seed(7);
  for (int trial = 0; trial < 5; ++trial) {
    const torch::Tensor logits = torch::randn({300, 6}, torch::kFloat64) * 2;
    const torch::Tensor labels =
        (logits + torch::randn({300, 6}, torch::kFloat64) + torch::tensor({0.0, 2.5, 0.0, 2.5, 0.0, 0.0})).argmax(1);
    const std::vector<int64_t> classes = {1, 3};
    const BiasCalibration found = calibrate_bias(logits, labels, classes);
    int64_t best = 300;
    for (int step = -2000; step <= 2000; ++step)
      best = std::min(best, errors_with(logits, labels, classes, step * 0.005));
    EXPECT_LE(found.errors_after, best);
    EXPECT_EQ(errors_with(logits, labels, classes, found.offset), found.errors_after);
    EXPECT_EQ(errors_with(logits, labels, classes, 0), found.errors_before);
    EXPECT_GT(found.offset, 0);
  }
}

TEST(CalibrateBias, LeavesWhatCannotBeBetterAndRefusesWhatMakesNoSense) {
  const torch::Tensor logits = torch::tensor({{2.0, 0.0, 1.0}, {0.0, 3.0, 1.0}});
  EXPECT_EQ(calibrate_bias(logits, torch::tensor({0, 1}), {2}).offset, 0);
  // Every example is of class 2, and no offset is too large.
  const BiasCalibration all = calibrate_bias(logits, torch::tensor({2, 2}), {2});
  EXPECT_EQ(all.errors_after, 0);
  EXPECT_GT(all.offset, 2);
  // A tie goes to the first class, as in arg max.
  EXPECT_EQ(calibrate_bias(torch::tensor({{1.0, 1.0}}), torch::tensor({0}), {0}).errors_before, 0);
  EXPECT_EQ(calibrate_bias(torch::tensor({{1.0, 1.0}}), torch::tensor({0}), {1}).errors_before, 0);
  EXPECT_THROW(calibrate_bias(logits, torch::tensor({0, 1}), {3}), Error);
  EXPECT_THROW(calibrate_bias(logits, torch::tensor({0, 1}), {}), Error);
  EXPECT_THROW(calibrate_bias(logits, torch::tensor({0, 1}), {0, 1, 2}), Error);
}

}  // namespace
}  // namespace limbeck

// Whole runs on a GPU beside the same on the processor: each kind of stage, optimizer and schedule, and runs that are
// stopped or killed. Each device has a test of its own, so that a crash says which.
#include <fmt/format.h>

#include <map>

#include "core/json.h"
#include "data/recordings/speech.h"
#include "experiment/experiment.h"
#include "gpu/on_gpu.h"
#include "nn/weights.h"
#include "support/small_data.h"

namespace limbeck {
namespace {

class Runs : public OnGpu {
 protected:
  /// Runs to the end; a recording that fails is a failure.
  Json run(const std::string& recipe, const std::string& out, DeviceChoice device, bool cuda_graphs = false,
           const Observer& observer = {}, std::stop_token stop = {}, const Catalogue& catalogue = components()) const {
    EventBus events;
    events.subscribe([](const Event& event) {
      if (const auto* notice = std::get_if<Notice>(&event)) {
        EXPECT_EQ(notice->message.find("could not be recorded"), std::string::npos) << notice->message;
      }
    });
    if (observer) events.subscribe(observer);
    Experiment experiment(parse_recipe(recipe, "r", {}, catalogue),
                          {.out = folder / out,
                           .device = device,
                           .cuda_graphs = cuda_graphs && !is_rehearsed(),
                           .threads = is_rehearsed() ? 1 : 0,
                           .stop = std::move(stop)},
                          events);
    return experiment.run();
  }
  Json run_on_gpu(const std::string& recipe, const std::string& out, bool cuda_graphs = false) const {
    return run(recipe, out, gpu_choice(), cuda_graphs);
  }
  static DeviceChoice gpu_choice() { return is_rehearsed() ? DeviceChoice::cpu : DeviceChoice::cuda; }

  TensorMap weights(const std::string& out, const std::string& stage) const {
    return load_tensors(folder / out / "stages" / stage / "weights.safetensors").tensors;
  }
};

double accuracy(const Json& stage) {
  return stage["evaluations"]["test"]["accuracy"].get<double>();
}

/// Stages of every kind, and teachers of every kind; PRECISION stands for one.
const char* const kKinds = R"(
name: kinds
data: { source: { digits: { train: 1500, test: 500 } }, validation: 300, normalize: { mean: 0.2, std: 0.4 } }
networks: { large: { mlp: { hidden: [64], dropout: { hidden: 0.1 } } }, small: { mlp: [24] }, image: resnet8 }
stages:
  - { name: teacher, train: large, epochs: 6, replicas: 2, augment: { shift: 1 }, precision: PRECISION }
  - { name: community, train: small, epochs: 6, precision: PRECISION,
      replicas: { count: 2, together: true, mean: geometric },
      loss: [ community: { weight: 0.5 }, hard_labels: { weight: 0.5 } ] }
  - { name: image, train: image, epochs: 3, batch_size: 50, augment: { shift: 1 }, precision: PRECISION }
  - { name: experts, train: image, specialists: { of: image, groups: 2, size: 4 }, epochs: 1, batch_size: 50,
      precision: PRECISION, optimizer: { sgd: { learning_rate: 0.01 } } }
  - { name: experts_full, train: image, specialists: { of: image, groups: 2, size: 4, targets: full }, epochs: 1,
      batch_size: 50, precision: PRECISION, optimizer: { sgd: { learning_rate: 0.01 } }, teacher: image, loss:
      [ hard_labels: { weight: 0.5 }, soft_targets: { temperature: 5, examples: unlabelled, weight: 0.5 } ] }
  - { name: distilled, train: small, epochs: 6, teacher: experts_full, precision: PRECISION }
  - { name: viewed, train: small, epochs: 6, augment: { shift: 1 }, precision: PRECISION,
      teacher: { network: { of: teacher, views: 2, type: float16, top: 5 } } }
  - { name: live, train: small, epochs: 6, augment: { shift: 1 }, precision: PRECISION,
      teacher: { network: { of: teacher, outputs: live } }, loss: [ logit_regression: { normalize: true } ] }
  - { name: no_3s, train: small, epochs: 6, examples: { without: [3] }, teacher: teacher, precision: PRECISION,
      loss: [ soft_targets: 4 ] }
  - { name: calibrated, calibrate: no_3s, classes: [3] }
  - { name: int8, train: small, quantize: distilled }
  - { name: int8_image, train: image, quantize: image }
  - { name: int8_trained, train: small, quantize: distilled, teacher: teacher, epochs: 1, precision: PRECISION }
  - { name: continued, train: small, epochs: 4, initial_weights: distilled, stop: { patience: 1 },
      precision: PRECISION }
  - { name: mixed, train: small, epochs: 6, augment: { shift: 1, mixup: 0.4 }, precision: PRECISION }
  - { name: virtual, train: small, epochs: 6, teacher: { virtual: { correct: 0.99 } }, precision: PRECISION,
      loss: [ soft_targets: { temperature: 20, weight: 0.5 }, hard_labels: { weight: 0.5 } ] }
  - { name: hinted, train: image, epochs: 2, batch_size: 50, teacher: image, precision: PRECISION,
      loss: [ fitnet: { from: layer2, reduction: mean, weight: 10 },
              attention_transfer: { from: [layer1, layer3], form: mean, weight: 100 }, hard_labels: {} ] }
)";

std::string kinds(const std::string& precision) {
  std::string recipe = kKinds;
  const std::string mark = "PRECISION";
  for (size_t at = recipe.find(mark); at != std::string::npos; at = recipe.find(mark, at))
    recipe.replace(at, mark.size(), precision);
  return recipe;
}

/// What the processor comes to; found once, for three tests.
const std::map<std::string, double>& on_the_processor(const std::function<Json()>& run) {
  static const std::map<std::string, double> known = [&] {
    std::map<std::string, double> accuracies;
    const Json results = run();
    for (const Json& stage : results["stages"]) accuracies[stage["name"].get<std::string>()] = accuracy(stage);
    return accuracies;
  }();
  return known;
}

class KindsOfStage : public Runs {
 protected:
  void compare(const Json& results, double apart) const {
    const auto& here = on_the_processor([this] { return run(kinds("float32"), "processor", DeviceChoice::cpu); });
    ASSERT_EQ(results["stages"].size(), here.size());
    for (const Json& stage : results["stages"]) {
      const auto name = stage["name"].get<std::string>();
      EXPECT_NEAR(accuracy(stage), here.at(name), apart) << name;
    }
  }
};

TEST_F(KindsOfStage, RunOnTheProcessor) {
  const auto& here = on_the_processor([this] { return run(kinds("float32"), "processor", DeviceChoice::cpu); });
  EXPECT_EQ(here.size(), 17U);
  for (const auto& [name, value] : here) EXPECT_GT(value, 0.2) << name;
}

TEST_F(KindsOfStage, ComeToTheSameNearly) {
  compare(run_on_gpu(kinds("float32"), "gpu"), 0.1);  // rounding is carried far in few steps
}

TEST_F(KindsOfStage, ComeToTheSameNearlyWhereTheyAreRecorded) {
  compare(run_on_gpu(kinds("float32"), "gpu", /*cuda_graphs=*/true), 0.1);
}

TEST_F(KindsOfStage, ComeToTheSameNearlyInBfloat16) {
  compare(run_on_gpu(kinds("bfloat16"), "gpu"), 0.15);
}

TEST_F(KindsOfStage, ComeToTheSameNearlyInBfloat16WhereTheyAreRecorded) {
  compare(run_on_gpu(kinds("bfloat16"), "gpu", /*cuda_graphs=*/true), 0.15);
}

/// Frames of three words of two states each, where no sound files can be read: each state is a place in seven
/// dimensions. A word's first state is shorter than its second, and the labels divide it evenly.
std::unique_ptr<Dataset> frames_of_words() {
  auto corpus = std::make_shared<SpeechCorpus>();
  corpus->words = {"a", "b", "c"};
  corpus->states = 2;
  torch::manual_seed(6);
  const auto split = [&](std::vector<Utterance>& utterances, int64_t count) {
    std::vector<int64_t> states, labels, first, last;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t word = i % 3, begin = static_cast<int64_t>(states.size());
      for (const auto& [state, frames] : {std::pair{corpus->first_silence(), 3},
                                          {corpus->first_state(word), 3},
                                          {corpus->first_state(word) + 1, 7},
                                          {corpus->first_silence(), 3}})
        states.insert(states.end(), static_cast<size_t>(frames), state);
      for (int64_t frame = 0; frame < 16; ++frame)
        labels.push_back(frame < 3 || frame >= 13 ? corpus->first_silence()
                                                  : corpus->first_state(word) + (frame < 8 ? 0 : 1));
      first.insert(first.end(), 16, begin);
      last.insert(last.end(), 16, begin + 15);
      utterances.push_back({.begin = begin,
                            .frames = 16,
                            .words = {word},
                            .name = fmt::format("{}_{}", corpus->words[static_cast<size_t>(word)], i),
                            .speaker = "s"});
    }
    const torch::Tensor places = torch::one_hot(torch::tensor(states), corpus->classes()).to(torch::kFloat32);
    return Split{.inputs = 2 * places + 0.3 * torch::randn_like(places),
                 .labels = torch::tensor(labels),
                 .context = {.before = 0,
                             .after = 0,
                             .first = torch::tensor(first).to(torch::kInt32),
                             .last = torch::tensor(last).to(torch::kInt32)}};
  };
  auto dataset = std::make_unique<Dataset>();
  dataset->name = "frames_of_words";
  dataset->scale = 1;
  dataset->train = split(corpus->train, 60);
  dataset->test = split(corpus->test, 15);
  for (int64_t state = 0; state < corpus->classes(); ++state) dataset->classes.push_back(std::to_string(state));
  dataset->speech = std::move(corpus);
  return dataset;
}

TEST_F(Runs, AlignFramesAsOnTheProcessor) {
  Catalogue catalogue(components());
  catalogue.add<Dataset, NoOptions, const DataFolders&>(
      Slot::data, {.name = "frames_of_words", .summary = "Frames."},
      [](const NoOptions&, const DataFolders&) { return frames_of_words(); });
  const std::string recipe = R"(
name: aligned
data: { source: frames_of_words }
networks: { n: { mlp: [32] } }
stages:
  - { name: labels, train: n, epochs: 6, batch_size: 32, align: 1, precision: float32 }
  - { name: again, train: n, epochs: 2, batch_size: 32, align: 2, precision: float32 }
  - { name: distilled, train: n, epochs: 6, batch_size: 32, teacher: labels, precision: float32 }
)";
  const Json here = run(recipe, "processor", DeviceChoice::cpu, false, {}, {}, catalogue);
  EXPECT_GT(here["stages"][0]["alignment"]["changed"]["train"], 0.05);
  for (const bool recorded : {false, true}) {
    const Json there = run(recipe, recorded ? "graphs" : "gpu", gpu_choice(), recorded, {}, {}, catalogue);
    for (size_t stage = 0; stage < 3; ++stage)
      EXPECT_NEAR(accuracy(there["stages"][stage]), accuracy(here["stages"][stage]), 0.05);
    EXPECT_NEAR(there["stages"][0]["alignment"]["changed"]["train"].get<double>(),
                here["stages"][0]["alignment"]["changed"]["train"].get<double>(), 0.03);
  }
}

TEST_F(Runs, OfEachOptimizerAndScheduleComeToTheWeightsOfTheProcessor) {
  const std::map<std::string, std::string> required = {{"step", "{ step: { at: [1] } }"}};
  std::string recipe =
      "name: all\ndata: { source: { digits: { train: 400, test: 50 } } }\nnetworks: { n: { mlp: [16] } }\nstages:\n";
  std::vector<std::string> stages;
  for (const std::string& optimizer : components().names(Slot::optimizer))
    for (const std::string& schedule : components().names(Slot::schedule)) {
      stages.push_back(optimizer + "_" + schedule);
      recipe += fmt::format(
          "  - {{ name: {}, train: n, epochs: 2, batch_size: 50, precision: float32, optimizer: {{ {}: {{ "
          "learning_rate: 0.01 }} }}, schedule: {} }}\n",
          stages.back(), optimizer, required.contains(schedule) ? required.at(schedule) : schedule);
    }
  run(recipe, "processor", DeviceChoice::cpu);
  run_on_gpu(recipe, "gpu");
  run_on_gpu(recipe, "graphs", /*cuda_graphs=*/true);
  for (const std::string& stage : stages) {
    const TensorMap here = weights("processor", stage), there = weights("gpu", stage),
                    recorded = weights("graphs", stage);
    for (const auto& [name, tensor] : here) {
      EXPECT_LE(relative_distance(there.at(name), tensor), 0.02) << stage << " " << name;
      EXPECT_LE(relative_distance(recorded.at(name), tensor), 0.02) << stage << " " << name;
    }
  }
}

class StoppedRuns : public Runs, public testing::WithParamInterface<std::tuple<std::string, std::string, bool>> {
 protected:
  /// A teacher, and a student that is stopped; NETWORK stands for both.
  std::string recipe() const {
    const auto& [network, precision, recorded] = GetParam();
    return fmt::format(R"(
name: stopped
data: {{ source: {{ digits: {{ train: 400, test: 50 }} }}, augment: {{ shift: 1 }} }}
networks: {{ n: {0} }}
stages:
  - {{ name: teacher, train: n, epochs: 2, batch_size: 50, precision: {1}, checkpoint_seconds: 0.1 }}
  - {{ name: student, train: n, epochs: 6, batch_size: 50, precision: {1}, checkpoint_seconds: 0.1,
      teacher: {{ network: {{ of: teacher, outputs: live }} }} }}
)",
                       network, precision);
  }
  Json run_it(const std::string& out, const Observer& observer = {}, std::stop_token stop = {}) const {
    return run(recipe(), out, gpu_choice(), std::get<2>(GetParam()), observer, std::move(stop));
  }
  void expect_same_bits(const std::string& out) const {
    for (const char* stage : {"teacher", "student"}) {
      const TensorMap whole = weights("whole", stage), other = weights(out, stage);
      for (const auto& [name, tensor] : whole) EXPECT_TRUE(tensor.equal(other.at(name))) << stage << " " << name;
    }
  }
  /// Whether the GPU does the same twice. Where it does not, bits say nothing of a stop.
  bool repeats() const {
    run_it("whole");
    run_it("again");
    for (const char* stage : {"teacher", "student"}) {
      const TensorMap whole = weights("whole", stage), other = weights("again", stage);
      for (const auto& [name, tensor] : whole)
        if (!tensor.equal(other.at(name))) return false;
    }
    return true;
  }
};

TEST_P(StoppedRuns, GoOnToTheSameBits) {
  if (!repeats()) GTEST_SKIP() << "two runs without a stop differ on this device";
  std::stop_source stop;
  const Observer stops = [&](const Event& event) {
    if (const auto* done = std::get_if<EpochDone>(&event); done != nullptr && done->stage == "student")
      if (done->epoch == 3) stop.request_stop();
  };
  EXPECT_THROW(run_it("stopped", stops, stop.get_token()), Error);
  run_it("stopped");
  expect_same_bits("stopped");

  // What a process leaves that is killed at the end of an epoch: its folder as it is at that moment.
  const Observer copies = [&](const Event& event) {
    if (const auto* done = std::get_if<EpochDone>(&event); done != nullptr && done->stage == "student")
      if (done->epoch == 4) fs::copy(folder / "running", folder / "killed", fs::copy_options::recursive);
  };
  run_it("running", copies);
  ASSERT_TRUE(fs::exists(folder / "killed/stages/student/checkpoint.safetensors"));
  EXPECT_FALSE(fs::exists(folder / "killed/stages/student/weights.safetensors"));
  run_it("killed");
  expect_same_bits("killed");
  expect_same_bits("running");
}

INSTANTIATE_TEST_SUITE_P(OnGpu, StoppedRuns,
                         testing::Combine(testing::Values("{ mlp: { hidden: [32], dropout: { hidden: 0.2 } } }",
                                                          "resnet8"),
                                          testing::Values("float32", "bfloat16"), testing::Bool()),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)[0] == '{' ? "mlp" : "resnet8") + "_" +
                                  std::get<1>(info.param) + (std::get<2>(info.param) ? "_recorded" : "");
                         });

}  // namespace
}  // namespace limbeck

// Training steps on a device, on the simulated one (support/simulated_device.h): what is queued, what the host waits
// for, and that a captured step trains as the processor's steps do.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <optional>

#include "models/model.h"
#include "support/simulated_device.h"
#include "support/small_data.h"
#include "support/stage_steps.h"
#include "support/taught_stage.h"
#include "support/temporary_folder.h"
#include "teacher/network_teacher.h"
#include "train/trainer.h"

namespace limbeck {
namespace {

enum class Where { processor, device, graphs };

at::Device device_of(Where where) {
  simulated_device::use();
  return where == Where::processor ? at::Device(at::kCPU) : simulated_device::device();
}

/// A network that cannot be captured: it reads a value on the host, as a program from elsewhere may.
class WaitingNetwork : public Network {
 public:
  explicit WaitingNetwork(const Network& inner) : inner_(inner) {}
  Outputs forward(const torch::Tensor& inputs, const ForwardOptions& options) const override {
    EXPECT_GE(inputs.max().item<float>(), 0);
    return inner_.forward(inputs, options);
  }
  const std::vector<Parameter>& parameters() const override { return inner_.parameters(); }
  const std::vector<Parameter>& buffers() const override { return inner_.buffers(); }
  int64_t parameter_count() const override { return inner_.parameter_count(); }
  std::optional<int64_t> multiply_adds() const override { return inner_.multiply_adds(); }
  Capabilities capabilities() const override { return {.can_be_recorded = false}; }
  std::vector<bool> rounded_parameters() const override { return inner_.rounded_parameters(); }
  std::string identity() const override { return inner_.identity(); }
  void to(at::Device) override {}

 private:
  const Network& inner_;
};

class DeviceTraining : public TemporaryFolder {
 protected:
  /// Returns the weights after training; `stop_after` epochs in, a stop is requested once.
  TensorMap train(const TaughtStage& taught, Where where, Precision precision = Precision::float32,
                  int stop_after = -1) {
    const at::Device device = device_of(where);
    const auto network = taught.network("student", 1, device);
    const StageExamples examples = taught.examples(device);
    const std::unique_ptr<Teacher> teacher =
        taught.teacher(examples, device, precision, [&](const std::string& reason) { notices.push_back(reason); });
    const CheckpointFile checkpoint(folder / "checkpoint.safetensors", "f");
    std::stop_source stop;
    EventBus events;
    epochs.clear();
    notices.clear();
    events.subscribe([&](const Event& event) {
      if (const auto* notice = std::get_if<Notice>(&event)) notices.push_back(notice->message);
      const auto* epoch = std::get_if<EpochDone>(&event);
      if (epoch == nullptr) return;
      epochs.push_back(*epoch);
      if (epoch->epoch == stop_after) stop.request_stop();
    });
    const auto record = [this](const std::function<void()>& work) {
      ++captures;
      return simulated_device::graphs(most_kernels)(work);
    };
    WaitingNetwork waiting(*network);
    const Recorder recorder = until_failure(where == Where::graphs ? Recorder(record) : Recorder(),
                                            [&](const std::string& reason) { notices.push_back(reason); });
    TrainingSetup setup = taught.setup(student_waits ? static_cast<Network&>(waiting) : *network, teacher.get(),
                                       examples, checkpoint, events);
    setup.precision = precision;
    setup.recorder = recorder;
    setup.stop = stop.get_token();
    Trainer(setup).run();
    network->to(at::kCPU);
    return state_of(*network);
  }

  /// Begins anew.
  TensorMap train_anew(const TaughtStage& taught, Where where, Precision precision = Precision::float32) {
    fs::remove(folder / "checkpoint.safetensors");
    return train(taught, where, precision);
  }

  std::vector<EpochDone> epochs;
  std::vector<std::string> notices;
  int captures = 0;
  size_t most_kernels = std::numeric_limits<size_t>::max();  // of a capture
  bool student_waits = false;
};

void expect_near(const TensorMap& given, const TensorMap& expected, double tolerance, const std::string& what) {
  for (const auto& [name, value] : expected)
    EXPECT_TRUE(given.at(name).allclose(value, tolerance, tolerance))
        << what << " " << name << " differs by " << (given.at(name) - value).abs().max().item<double>();
}

void expect_equal(const TensorMap& given, const TensorMap& expected, const std::string& what) {
  for (const auto& [name, value] : expected) EXPECT_TRUE(given.at(name).equal(value)) << what << " " << name;
}

constexpr const char* kMlps =
    "{teacher: {mlp: [30]}, student: {mlp: {hidden: [20], dropout: {input: 0.1, hidden: 0.3}}}}";

TEST_F(DeviceTraining, ComesToTheWeightsOfTheProcessorAndReplayedToTheSameBits) {
  const auto digits = small_digits(230, 20);
  const std::string soft =
      ", teacher: {network: {of: large, outputs: live}}, loss: [ soft_targets: { temperature: 3, "
      "weight: 0.8 }, hard_labels: { weight: 0.2 } ]";
  for (const std::string& stage : std::vector<std::string>{
           "augment: {shift: 1}, optimizer: {sgd: {learning_rate: 0.1, weight_decay: 0.01}}, schedule: one_cycle" +
               soft,
           "augment: {crop: 2, flip: true}, optimizer: {sgd: {nesterov: true, max_norm: 1}}" + soft,
           "augment: {rotation: 10}, optimizer: {adam: {learning_rate: 0.01, weight_decay: 0.1}}" + soft,
           std::string("augment: none, optimizer: {adamw: {learning_rate: 0.01, weight_decay: 0.1}}, ") +
               "loss: [ hard_labels: { weight: { from: 1, to: 0.5, epochs: 2 } } ]",
           "augment: {shift: 1, mixup: 0.4}" + soft,
           "augment: {shift: 1, cutmix: 1}" + soft,
           "augment: {shift: 1}, optimizer: {dot: {learning_rate: 0.05, weight_decay: 0.01}}" + soft,
           std::string("augment: none, teacher: uniform, loss: [ soft_targets: { temperature: 2 }, label_smoothing: ") +
               "{ amount: 0.1 } ]",
           std::string("augment: none, teacher: virtual, loss: [ soft_targets: { temperature: 20 } ]"),
           std::string("augment: {mixup: 0.4}, teacher: {network: {of: large, outputs: live}}, loss: [ ") +
               "dkd: { beta: 2, weight: 0.1 }, nkd: { weight: 0.1 }, dist: { weight: 0.2 }, ttm: { weight: 0.1 }, " +
               "wttm: { weight: 0.1 }, mlkd: { weight: 0.05 }, sigmoid_targets: { weight: 0.1 }, sigmoid_labels: " +
               "{ weight: 0.1 }, logit_regression: { distance: huber, weight: 0.1 } ]",
       }) {
    const TaughtStage taught(*digits, kMlps, "epochs: 3, batch_size: 64, " + stage);
    const TensorMap processor = train_anew(taught, Where::processor);
    const std::vector<EpochDone> metrics = epochs;
    const TensorMap device = train_anew(taught, Where::device);
    expect_near(device, processor, 2e-4, stage);
    ASSERT_EQ(epochs.size(), metrics.size());
    for (size_t i = 0; i < metrics.size(); ++i) {
      EXPECT_EQ(epochs[i].train.examples, metrics[i].train.examples) << stage;
      EXPECT_NEAR(epochs[i].train.loss, metrics[i].train.loss, 1e-4) << stage;
      EXPECT_NEAR(static_cast<double>(epochs[i].train.errors), static_cast<double>(metrics[i].train.errors), 2)
          << stage;
      EXPECT_NEAR(epochs[i].learning_rate, metrics[i].learning_rate, 1e-9) << stage;
      for (const auto& [name, value] : metrics[i].terms) EXPECT_NEAR(epochs[i].terms.at(name), value, 1e-3) << stage;
    }
    captures = 0;
    expect_equal(train_anew(taught, Where::graphs), device, stage);
    EXPECT_EQ(captures, 1) << stage;  // for all epochs
    EXPECT_EQ(notices, std::vector<std::string>{}) << stage;
  }
}

TEST_F(DeviceTraining, OfConvolutionsComesToTheWeightsOfTheProcessor) {
  const auto data = pictures(100, 4);
  const TaughtStage taught(
      *data, "{teacher: resnet14, student: resnet8}",
      "epochs: 2, batch_size: 32, augment: {crop: 4, flip: true}, optimizer: {sgd: {learning_rate: 0.01}}, "
      "teacher: {network: {of: large, outputs: live}}, loss: [ soft_targets: { temperature: 4 } ]");
  const TensorMap processor = train_anew(taught, Where::processor), device = train_anew(taught, Where::device);
  expect_near(device, processor, 5e-3, "float32");
  expect_equal(train_anew(taught, Where::graphs), device, "graphs");
  const TensorMap mixed = train_anew(taught, Where::device, Precision::bfloat16);
  expect_near(mixed, processor, 0.1, "bfloat16");
  EXPECT_FALSE(mixed.at("fc.weight").equal(device.at("fc.weight")));
  EXPECT_EQ(mixed.at("fc.weight").scalar_type(), torch::kFloat32);
  expect_equal(train_anew(taught, Where::graphs, Precision::bfloat16), mixed, "bfloat16, graphs");
}

TEST_F(DeviceTraining, OfLossesOverRelationsComesToTheWeightsOfTheProcessor) {
  const auto data = pictures(100, 4);
  const std::string sums =
      "{from: [layer1.1.add, layer2.1.add, layer3.1.add], to: [layer1.0.add, layer2.0.add, layer3.0.add], ";
  const TaughtStage taught(
      *data, "{teacher: resnet14, student: resnet8}",
      "epochs: 2, batch_size: 32, augment: {crop: 4, flip: true}, optimizer: {sgd: {learning_rate: 0.01}}, "
      "teacher: {network: {of: large, outputs: live}}, loss: [ sp: {from: layer3, weight: 10}, rkd: {from: pool, "
      "weight: 0.1}, pkt: pool, cc: pool, cc: {from: pool, form: adjacent, weight: 0.01}, nst: [layer1, layer2, "
      "layer3], fsp: {from: [layer1, layer2], form: mean}, ickd: {from: layer3, form: normalized}, ab: " +
          sums + "weight: 0.0001}, ofd: " + sums + "weight: 0.0001} ]");
  const TensorMap processor = train_anew(taught, Where::processor), device = train_anew(taught, Where::device);
  expect_near(device, processor, 5e-3, "float32");
  captures = 0;
  expect_equal(train_anew(taught, Where::graphs), device, "graphs");
  EXPECT_EQ(captures, 1);
  EXPECT_EQ(notices, std::vector<std::string>{});
}

TEST_F(DeviceTraining, WithLossesThatHaveParametersAndStateComesToTheWeightsOfTheProcessor) {
  const auto data = pictures(100, 4);
  const TaughtStage taught(
      *data, "{teacher: resnet14, student: resnet8}",
      "epochs: 2, batch_size: 32, augment: {flip: true}, optimizer: {sgd: {learning_rate: 0.01}}, "
      "teacher: {network: {of: large, outputs: live}}, loss: [ vid: { from: [layer1, layer2] }, "
      "reviewkd: { from: [layer1, layer2, layer3, pool] }, simkd: layer3, factor_transfer: { from: "
      "layer3, paraphraser_epochs: 1 }, crd: { from: pool, negatives: 30 }, ctkd ]");
  const TensorMap processor = train_anew(taught, Where::processor);
  const std::vector<EpochDone> metrics = epochs;
  const TensorMap device = train_anew(taught, Where::device);
  expect_near(device, processor, 5e-3, "float32");
  for (size_t i = 0; i < metrics.size(); ++i)
    for (const auto& [name, value] : metrics[i].terms)
      EXPECT_NEAR(epochs.at(i).terms.at(name), value, 1e-2 * (1 + std::abs(value))) << name;
  captures = 0;
  expect_equal(train_anew(taught, Where::graphs), device, "graphs");
  EXPECT_EQ(captures, 1);
  EXPECT_EQ(notices, std::vector<std::string>{});
  fs::remove(folder / "checkpoint.safetensors");
  EXPECT_THROW(train(taught, Where::graphs, Precision::float32, 1), Error);
  expect_equal(train(taught, Where::graphs), device, "continued");
  expect_near(train_anew(taught, Where::graphs, Precision::bfloat16), processor, 0.1, "bfloat16");
}

TEST_F(DeviceTraining, TellsOnceWhereConvolutionsCannotRectifyInOneCall) {
  const auto data = pictures(60, 4);
  const TaughtStage taught(*data, "{teacher: resnet14, student: resnet8}",
                           "epochs: 2, batch_size: 16, augment: none, optimizer: {sgd: {learning_rate: 0.01}}, "
                           "teacher: {network: {of: large, outputs: live}}, loss: [ soft_targets ]");
  const TensorMap joined = train_anew(taught, Where::graphs);
  EXPECT_EQ(notices, std::vector<std::string>{});
  device_of(Where::device);
  set(simulated_device::JoinedConvolutions::missing);
  const TensorMap separate = train_anew(taught, Where::graphs);
  set(simulated_device::JoinedConvolutions::right);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_TRUE(notices[0].ends_with("more than one call each, which is slower: no engine for this convolution"))
      << notices[0];
  expect_near(separate, joined, 2e-3, "separate kernels");
}

TEST_F(DeviceTraining, StoppedAndContinuedGivesTheSameBits) {
  const auto digits = small_digits(230, 20);
  for (const std::string& teacher : std::vector<std::string>{"outputs: live", "outputs: kept", "outputs: fixed",
                                                             "views: 2", "views: 2, type: float16, top: 3"}) {
    const TaughtStage taught(
        *digits, kMlps,
        "epochs: 5, batch_size: 64, augment: {shift: 1}, optimizer: adamw, teacher: {network: {of: large, " + teacher +
            "}}, loss: [ soft_targets: { temperature: 3 } ]");
    const TensorMap whole = train_anew(taught, Where::graphs);
    EXPECT_EQ(notices, std::vector<std::string>{}) << teacher;
    expect_near(whole, train_anew(taught, Where::processor), 2e-3, teacher);
    fs::remove(folder / "checkpoint.safetensors");
    EXPECT_THROW(train(taught, Where::graphs, Precision::float32, 3), Error);
    expect_equal(train(taught, Where::graphs), whole, teacher);
  }
}

TEST_F(DeviceTraining, WithFeaturesThatAreKeptComesToTheWeightsOfTheProcessor) {
  const auto data = pictures(100, 4);
  const auto stage_with = [&](const std::string& augment, const std::string& outputs) {
    return TaughtStage(*data, "{teacher: resnet14, student: resnet8}",
                       "epochs: 4, batch_size: 32, optimizer: {sgd: {learning_rate: 0.01}}, augment: " + augment +
                           ", teacher: {network: {of: large, " + outputs +
                           "}}, loss: [ attention_transfer: [layer1, layer3], soft_targets: { temperature: 4 } ]");
  };
  const std::string store = "views: 2, store: '" + (folder / "s.safetensors").string() + "'";
  for (const auto& [augment, outputs] : {std::pair<std::string, std::string>{"none", "outputs: kept"},
                                         {"{crop: 4, flip: true}", "views: 2"},
                                         {"{crop: 4, flip: true}", "views: 2, type: float16"},
                                         {"{crop: 4, flip: true}", store}}) {
    const TaughtStage kept = stage_with(augment, outputs);
    const TensorMap processor = train_anew(kept, Where::processor);
    fs::remove(folder / "s.safetensors");
    const TensorMap device = train_anew(kept, Where::device);
    expect_near(device, processor, 5e-3, outputs);
    captures = 0;
    expect_equal(train_anew(kept, Where::graphs), device, outputs);
    EXPECT_EQ(captures, 1) << outputs;  // for all epochs, though each has other views
    EXPECT_EQ(notices, std::vector<std::string>{}) << outputs;
    fs::remove(folder / "checkpoint.safetensors");
    EXPECT_THROW(train(kept, Where::graphs, Precision::float32, 2), Error);
    expect_equal(train(kept, Where::graphs), device, outputs);
  }
  // More examples than are copied to the device at once.
  const auto digits = small_digits(800, 20);
  const TaughtStage many(
      *digits, "{teacher: {mlp: [30]}, student: {mlp: [20]}}",
      "epochs: 2, batch_size: 64, augment: {shift: 1}, teacher: {network: {of: large, views: 2}}, loss: "
      "[ fitnet: { from: relu1 }, hard_labels ]");
  expect_near(train_anew(many, Where::graphs), train_anew(many, Where::processor), 2e-3, "many examples");
  // Features that are kept are those of the live teacher.
  const TensorMap kept = train_anew(stage_with("none", "outputs: kept"), Where::device),
                  live = train_anew(stage_with("none", "outputs: live"), Where::device);
  expect_near(kept, live, 1e-4, "kept, live");
}

TEST_F(DeviceTraining, NamesTheStepAtWhichTheLossWasLost) {
  const auto digits = small_digits(230, 20);
  const TaughtStage taught(*digits, kMlps,
                           "epochs: 3, batch_size: 20, augment: none, optimizer: {sgd: {learning_rate: 1e12}}, loss: "
                           "[ logit_regression: { weight: 1e8 } ], teacher: {network: {of: large, outputs: live}}");
  std::vector<std::string> messages;
  for (const Where where : {Where::processor, Where::device, Where::graphs}) {
    fs::remove(folder / "checkpoint.safetensors");
    messages.push_back(message_of<Error>([&] { train(taught, where); }));
  }
  EXPECT_NE(messages[0].find("the loss is not finite in epoch 1, step "), std::string::npos) << messages[0];
  EXPECT_EQ(messages[1], messages[0]);
  EXPECT_EQ(messages[2], messages[0]);
}

TEST_F(DeviceTraining, GoesOnWithoutGraphsWhereAStepWaitsForTheDevice) {
  const auto digits = small_digits(130, 20);
  const TaughtStage taught(*digits, kMlps, "epochs: 2, batch_size: 32, augment: none");
  const TensorMap expected = train_anew(taught, Where::device);
  const at::Device device = device_of(Where::device);
  const auto network = taught.network("student", 1, device);
  const StageExamples examples = taught.examples(device);
  /// Reads a value on the host, as the program of someone else's network may.
  class Waiting : public Teacher {
   public:
    TeacherOutputs outputs(const Batch& batch) const override {
      EXPECT_GE(batch.labels.max().item<int64_t>(), 0);
      return {.logits = torch::zeros({batch.size(), 10}).to(batch.inputs.device())};
    }
  } teacher;
  const CheckpointFile checkpoint(folder / "other.safetensors", "f");
  EventBus events;
  const Recorder recorder =
      until_failure(simulated_device::graphs(), [&](const std::string& reason) { notices.push_back(reason); });
  TrainingSetup setup = taught.setup(*network, &teacher, examples, checkpoint, events);
  setup.recorder = recorder;
  Trainer(setup).run();
  network->to(at::kCPU);
  EXPECT_EQ(notices, std::vector<std::string>{"item() waits for the device during a capture"});
  expect_equal(state_of(*network), expected, "without graphs");
}

TEST_F(DeviceTraining, GoesOnWithoutGraphsWhereverACaptureFails) {
  const auto data = pictures(40, 4);
  const TaughtStage taught(*data, "{teacher: resnet8, student: resnet8}",
                           "epochs: 2, batch_size: 5, augment: none, optimizer: {sgd: {learning_rate: 0.01}}, "
                           "teacher: {network: {of: large, outputs: live}}, loss: [ soft_targets ]");
  for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
    const TensorMap expected = train_anew(taught, Where::device, precision);
    for (const size_t most : {5, 40, 70, 90}) {  // before the student's pass, in it, and twice in the backward pass
      most_kernels = most;
      captures = 0;
      expect_equal(train_anew(taught, Where::graphs, precision), expected, std::to_string(most));
      EXPECT_EQ(notices, std::vector<std::string>{"a kernel that cannot be captured"}) << most;
      EXPECT_EQ(captures, 1);
    }
    most_kernels = std::numeric_limits<size_t>::max();
  }
}

TEST_F(DeviceTraining, CapturesTheTeachersPassAloneWhereTheStudentCannotBeCaptured) {
  const auto digits = small_digits(230, 20);
  student_waits = true;
  for (const std::string& teacher : std::vector<std::string>{"outputs: live", "views: 2"})
    for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
      const TaughtStage taught(*digits, kMlps,
                               "epochs: 2, batch_size: 64, augment: {shift: 1}, teacher: {network: {of: large, " +
                                   teacher + "}}, loss: [ soft_targets: { temperature: 3 } ]");
      const TensorMap expected = train_anew(taught, Where::device, precision);
      captures = 0;
      TensorMap captured;
      const auto counts = simulated_device::count([&] { captured = train_anew(taught, Where::graphs, precision); });
      expect_equal(captured, expected, teacher);
      EXPECT_EQ(captures, 1) << teacher;
      EXPECT_EQ(counts.replays, 5) << teacher;  // of three full batches of two epochs, all but the first
      EXPECT_EQ(notices, std::vector<std::string>{"stage 's' is trained without CUDA graphs, except for the teacher's "
                                                  "pass: the network is a TorchScript program or rounds to int8, which "
                                                  "waits for the device"});
    }
}

/// Counts a step, the third, since the first ones prepare.
simulated_device::Counts counts_of(const Dataset& data, const std::string& networks, const std::string& stage,
                                   Precision precision) {
  const TaughtStage taught(data, networks, stage);
  const at::Device device = device_of(Where::device);
  const auto network = taught.network("student", 1, device);
  const StageExamples examples = taught.examples(device);
  std::unique_ptr<Teacher> teacher = taught.teacher(examples, device, precision);
  StageSteps step(taught.recipe(), *network, examples.train, std::move(teacher), precision);
  step();
  step();
  const simulated_device::Counts counts = simulated_device::count([&] { step(); });
  EXPECT_EQ(counts.host_reads, 0) << counts.to_text();
  EXPECT_EQ(counts.host_writes, 0) << counts.to_text();
  EXPECT_FALSE(step.settle().has_value());
  return counts;
}

constexpr const char* kLoss = "loss: [ soft_targets: { temperature: 4, weight: 0.9 }, hard_labels: { weight: 0.1 } ]";

TEST(DeviceStep, QueuesFewKernelsAndReadsNothingOnTheHost) {
  const auto cifar = pictures(130, 100);
  const auto digits = small_digits(130, 20);
  const std::string mlp = "{teacher: {mlp: [60, 60]}, student: {mlp: [40, 40]}}", taught = std::string(", ") + kLoss;
  const std::string live = ", teacher: {network: {of: large, outputs: live}}" + taught,
                    kept = ", teacher: {network: {of: large, views: 1}}" + taught;
  const std::string on_digits = "batch_size: 32, augment: {shift: 1}, optimizer: {sgd: {weight_decay: 0.001}}",
                    on_cifar =
                        "batch_size: 32, augment: {crop: 4, flip: true}, optimizer: {sgd: {weight_decay: 0.001}}";
  const std::string narrow = "{teacher: resnet8, student: resnet20}", pair = "{teacher: resnet56, student: resnet20}";
  struct Case {
    std::string name;
    const Dataset& data;
    std::string networks, stage;
    int64_t most, most_in_bfloat16;
  };
  for (const Case& each : {Case{"MLP on labels", *digits, mlp, on_digits, 23, 26},
                           Case{"MLP, live teacher", *digits, mlp, on_digits + live, 30, 35},
                           Case{"MLP, stored teacher", *digits, mlp, on_digits + kept, 29, 32},
                           Case{"resnet20 on labels", *cifar, narrow, on_cifar, 144, 147},
                           Case{"resnet56 -> resnet20, live", *cifar, pair, on_cifar + live, 209, 214},
                           Case{"resnet56 -> resnet20, stored", *cifar, pair, on_cifar + kept, 150, 153}}) {
    for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
      const auto counts = counts_of(each.data, each.networks, each.stage, precision);
      EXPECT_LE(counts.kernels, precision == Precision::float32 ? each.most : each.most_in_bfloat16)
          << each.name << ": " << counts.to_text();
    }
  }
}

}  // namespace
}  // namespace limbeck

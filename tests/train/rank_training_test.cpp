// Ranks that train together come to what one process does: on the processor, and on a device (the simulated one), whose
// gradients, rows and running statistics go through the host's memory.
#include <gtest/gtest.h>

#include "support/on_ranks.h"
#include "support/simulated_device.h"
#include "support/small_data.h"
#include "support/taught_stage.h"
#include "support/temporary_folder.h"
#include "train/trainer.h"

namespace limbeck {
namespace {

struct Trained {
  TensorMap weights;
  std::vector<EpochDone> epochs;
};

class RankTraining : public TemporaryFolder {
 protected:
  /// Trains in one process (nullptr), or as one of several ranks.
  Trained train(const TaughtStage& taught, at::Device device, Ranks* ranks) const {
    const auto network = taught.network("student", 1, device);
    const StageExamples examples = taught.examples(device);
    const std::unique_ptr<Teacher> teacher = taught.teacher(examples, device);
    const std::string name = ranks == nullptr ? "one" : std::to_string(ranks->rank());
    fs::remove(folder / name);
    const CheckpointFile checkpoint(folder / name, "f");
    Trained trained;
    EventBus events;
    events.subscribe([&](const Event& event) {
      if (const auto* epoch = std::get_if<EpochDone>(&event)) trained.epochs.push_back(*epoch);
    });
    TrainingSetup setup = taught.setup(*network, teacher.get(), examples, checkpoint, events);
    setup.ranks = ranks;
    Trainer(setup).run();
    network->to(at::kCPU);
    trained.weights = state_of(*network);
    return trained;
  }

  std::vector<Trained> train_together(const TaughtStage& taught, at::Device device, int size) const {
    std::vector<Trained> trained(static_cast<size_t>(size));
    expect_no_error(on_ranks(
        size, [&](Ranks& ranks) { trained[static_cast<size_t>(ranks.rank())] = train(taught, device, &ranks); }));
    return trained;
  }

  void expect_same_training(const TaughtStage& taught, int size, const std::string& what) const {
    simulated_device::use();
    const Trained one = train(taught, at::kCPU, nullptr);
    for (const at::Device device : {at::Device(at::kCPU), simulated_device::device()}) {
      const std::vector<Trained> ranks = train_together(taught, device, size);
      for (const Trained& rank : ranks) {
        for (const auto& [name, value] : one.weights) {
          EXPECT_TRUE(rank.weights.at(name).allclose(value, 5e-4, 5e-5))
              << what << " on " << device << ": " << name << " differs by "
              << (rank.weights.at(name) - value).abs().max().item<double>();
          EXPECT_TRUE(rank.weights.at(name).equal(ranks.front().weights.at(name))) << what << " on " << device << name;
        }
        ASSERT_EQ(rank.epochs.size(), one.epochs.size()) << what;
        for (size_t i = 0; i < one.epochs.size(); ++i) {
          EXPECT_NEAR(rank.epochs[i].train.loss, one.epochs[i].train.loss, 1e-4) << what << " on " << device;
          EXPECT_EQ(rank.epochs[i].train.examples, one.epochs[i].train.examples) << what;
          EXPECT_NEAR(rank.epochs[i].validation->loss, one.epochs[i].validation->loss, 1e-3) << what;
        }
      }
    }
  }
};

constexpr const char* kNetworks =
    "{teacher: {mlp: [30]}, student: {mlp: {hidden: [20], dropout: {input: 0.1, hidden: 0.3}}}}";

TEST_F(RankTraining, ComesToTheWeightsOfOneProcess) {
  const auto digits = small_digits(230, 20);
  const std::string live = "epochs: 2, batch_size: 64, teacher: {network: {of: large, outputs: live}}, ";
  for (const std::string& stage : {
           live + "augment: {shift: 1}, optimizer: {sgd: {learning_rate: 0.1, max_norm: 1}}, loss: [ soft_targets: { "
                  "temperature: 3, weight: 0.8 }, hard_labels: { weight: 0.2 } ]",
           live + "augment: {mixup: 0.4}, optimizer: {adam: {learning_rate: 0.01}}, loss: [ soft_targets: { "
                  "temperature: 3 }, hard_labels ]",
           live + "augment: none, loss: [ fitnet: { from: relu1 }, hard_labels ]",     // has parameters
           live + "augment: none, loss: [ rkd: { from: relu1 }, dist, hard_labels ]",  // compare examples
           live + "augment: none, optimizer: {dot: {learning_rate: 0.05}}, loss: [ soft_targets, hard_labels ]",
       })
    expect_same_training(TaughtStage(*digits, kNetworks, stage), 3, stage);
}

TEST_F(RankTraining, AveragesRunningStatistics) {
  simulated_device::use();
  const auto data = pictures(94, 4);  // 64 to train on
  const TaughtStage taught(*data, "{teacher: resnet8, student: resnet8}",
                           "epochs: 2, batch_size: 32, augment: {crop: 4, flip: true}, loss: [ hard_labels ]");
  const Trained host = train_together(taught, at::kCPU, 2).front();
  const std::vector<Trained> device = train_together(taught, simulated_device::device(), 2);
  for (const auto& [name, value] : host.weights)
    for (const Trained& rank : device)
      EXPECT_TRUE(rank.weights.at(name).allclose(value, 5e-3, 5e-4))
          << name << " differs by " << (rank.weights.at(name) - value).abs().max().item<double>();
}

TEST_F(RankTraining, WithBatchNormOfTheWholeBatchComesToTheWeightsOfOneProcess) {
  const auto data = pictures(94, 4);
  const TaughtStage taught(*data, "{teacher: resnet8, student: resnet8}",
                           "epochs: 1, batch_size: 32, sync_batch_norm: true, augment: {crop: 4, flip: true}, loss: [ "
                           "hard_labels ]");
  const Trained one = train(taught, at::kCPU, nullptr);
  for (const Trained& rank : train_together(taught, at::kCPU, 2))
    for (const auto& [name, value] : one.weights)
      EXPECT_TRUE(rank.weights.at(name).allclose(value, 5e-3, 5e-4))
          << name << " differs by " << (rank.weights.at(name) - value).abs().max().item<double>();
}

}  // namespace
}  // namespace limbeck

// What a GPU computes, beside the same on the processor. Run them alone with `ctest -L gpu`.
#include <ATen/Context.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include "core/json.h"
#include "data/augmentation.h"
#include "experiment/experiment.h"
#include "support/random_network.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

const torch::Device kGpu(torch::kCUDA, 0);

double difference(const torch::Tensor& there, const torch::Tensor& here) {
  return (there.cpu().to(torch::kFloat64) - here.to(torch::kFloat64)).abs().max().item<double>();
}

class Cuda : public TemporaryFolder {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
    TemporaryFolder::SetUp();
    at::globalContext().setAllowTF32CuDNN(false);
    at::globalContext().setAllowTF32CuBLAS(false);
  }
};

TEST_F(Cuda, ViewsAreThoseOfTheProcessorToRounding) {
  torch::manual_seed(1);
  const torch::Tensor images = torch::randint(256, {60, 3, 32, 32}, torch::kInt64).to(torch::kUInt8);
  const torch::Tensor ids = torch::arange(60);
  for (const char* yaml : {"{crop: 4}", "{flip: true}", "{shift: 2}", "{rotation: 15}", "{translation: 0.1}",
                           "{shear: 0.2}", "{zoom: 0.2}", "{cutout: 8}"}) {
    const Augmenter augmenter({choose(Slot::augmentation, yaml)});
    const torch::Tensor views = augmenter.draw(ids, 1, 2);
    EXPECT_TRUE(augmenter.draw(ids.to(kGpu), 1, 2).cpu().equal(views)) << yaml;
    EXPECT_LE(difference(augmenter.apply(images.to(kGpu), views.to(kGpu)), augmenter.apply(images, views)), 1) << yaml;
  }
}

TEST_F(Cuda, NetworksAnswerAsOnTheProcessor) {
  for (const char* name :
       {"{mlp: [64, 64]}", "resnet8", "wrn_16_2", "vgg8", "mobilenetv2", "shufflenetv1", "keras_student"}) {
    const auto network =
        random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(TaskShape{{3, 32, 32}, 10}));
    const torch::Tensor pictures = random_pictures({3, 32, 32}, 16);
    const torch::Tensor here = logits_of(*network, pictures);
    network->to(kGpu);
    EXPECT_LE(difference(logits_of(*network, pictures.to(kGpu)), here), 1e-3 * (1 + here.abs().max().item<double>()))
        << name;
    const torch::NoGradGuard no_gradient;
    const torch::Tensor mixed = network->forward(pictures.to(kGpu), {.precision = Precision::bfloat16}).logits;
    EXPECT_EQ(mixed.scalar_type(), torch::kFloat32);
    EXPECT_LE(difference(mixed, here), 0.1 * (1 + here.abs().max().item<double>())) << name;
  }
}

TEST_F(Cuda, ARunOfItComesToTheSameNumbersNearly) {
  const auto run = [&](const char* out, DeviceChoice device, bool cuda_graphs = false) {
    EventBus events;
    events.subscribe([](const Event& event) {
      if (const auto* notice = std::get_if<Notice>(&event)) {
        EXPECT_EQ(notice->message.find("could not be recorded"), std::string::npos) << notice->message;
      }
    });
    const char* recipe = R"(
name: small
data: { source: { digits: { train: 2000, test: 500 } }, normalize: { mean: 0.2, std: 0.4 }, augment: { shift: 1 } }
networks: { large: { mlp: { hidden: [64], dropout: { hidden: 0.1 } } }, small: { mlp: [16] }, image: resnet8 }
stages:
  - { name: teacher, train: large, epochs: 4, precision: float32 }
  - { name: distilled, train: small, epochs: 4, precision: float32, teacher: teacher,
      loss: [ soft_targets: { temperature: 4, weight: 0.9 }, hard_labels: { weight: 0.1 } ] }
  - { name: mimic, train: small, epochs: 4, precision: float32, teacher: { network: { of: teacher, outputs: live } },
      loss: [ logit_regression: { normalize: true } ] }
  - { name: pictures, train: image, epochs: 5, batch_size: 64, precision: float32,
      teacher: { network: { of: teacher, outputs: live } },
      loss: [ soft_targets: { temperature: 4, weight: 0.9 }, hard_labels: { weight: 0.1 } ] }
)";
    return Experiment(parse_recipe(recipe, "r", {}, components()),
                      {.out = folder / out, .device = device, .cuda_graphs = cuda_graphs}, events)
        .run();
  };
  const auto accuracy = [](const Json& results, size_t stage) {
    return results["stages"][stage]["evaluations"]["test"]["accuracy"].get<double>();
  };
  const Json here = run("processor", DeviceChoice::cpu), there = run("gpu", DeviceChoice::cuda),
             recorded = run("graphs", DeviceChoice::cuda, true);
  for (size_t stage = 0; stage < 4; ++stage) {
    const double apart = stage < 3 ? 0.03 : 0.1;  // rounding in convolutions is carried far in few steps
    EXPECT_NEAR(accuracy(there, stage), accuracy(here, stage), apart);
    EXPECT_NEAR(accuracy(recorded, stage), accuracy(there, stage), apart);
  }
}

}  // namespace
}  // namespace limbeck

// Every architecture: size as published, shapes, gradients, and weights of PyTorch.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "core/subprocess.h"
#include "experiment/device.h"
#include "experiment/experiment.h"
#include "models/model.h"
#include "nn/fold.h"
#include "nn/network.h"
#include "nn/weights.h"
#include "support/random_network.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

const TaskShape kCifar100{{3, 32, 32}, 100};

Graph graph_of(const std::string& network, const TaskShape& task = kCifar100) {
  return std::move(*choose(Slot::network, network).make<Graph, const TaskShape&>(task));
}

/// Of a network for 100 classes of 32×32 images.
struct Published {
  std::string network;
  int64_t parameters;
  double million_multiply_adds;
  int decimals;  ///< with which the multiply-adds are printed; −1: not published
};

const std::vector<Published> kPublished = {
    {"resnet8", 83892, 12.5, 1},
    {"resnet14", 181108, 26.7, 1},
    {"resnet20", 278324, 40.8, 1},
    {"resnet32", 472756, 69.1, 1},
    {"resnet44", 667188, 97.4, 1},
    {"resnet56", 861620, 125.8, 1},
    {"resnet110", 1736564, 253.2, 1},
    {"resnet8x4", 1233540, 177, 0},
    {"resnet32x4", 7433860, 1083, 0},
    {"wrn_16_1", 180916, 26.7, 1},
    {"wrn_16_2", 703284, 101.1, 1},
    {"wrn_40_1", 569780, 83.3, 1},
    {"wrn_40_2", 2255156, 327.6, 1},
    {"vgg8", 3965028, 96.2, 1},
    {"vgg13", 9462180, 284.9, 1},
    {"mobilenetv2", 812836, 6.5, 1},
    {"shufflenetv1", 949258, 38.7, 1},
    {"shufflenetv2", 1355528, 44.5, 1},
    {"resnet18", 11220132, 555.5, 1},
    {"resnet50", 23705252, 1298, 0},
    {"tfkd_mobilenetv2", 2369380, 64.9, 1},
    {"tfkd_shufflenetv2", 1360896, 43.7, 1},
    {"googlenet", 6258500, 1522, 0},
    {"densenet121", 7048548, 888, 0},
    {"resnext29", 34518948, 5387, 0},
};

class PublishedNetwork : public testing::TestWithParam<Published> {};

TEST_P(PublishedNetwork, HasItsSize) {
  const Published& published = GetParam();
  const Graph graph = graph_of(published.network);
  EXPECT_EQ(graph.parameter_count(), published.parameters);
  const double unit = std::pow(10, published.decimals), millions = static_cast<double>(graph.multiply_adds()) / 1e6;
  EXPECT_EQ(std::round(millions * unit) / unit, published.million_multiply_adds) << millions;
}

INSTANTIATE_TEST_SUITE_P(Architectures, PublishedNetwork, testing::ValuesIn(kPublished),
                         [](const auto& info) { return info.param.network; });

TEST(Architectures, GeneralFormsHaveTheNamedNetworks) {
  EXPECT_EQ(graph_of("{resnet: 56}").parameter_count(), 861620);
  EXPECT_EQ(graph_of("{resnet: {depth: 32, width: 4}}").parameter_count(), 7433860);
  EXPECT_EQ(graph_of("{wrn: {depth: 40, width: 2}}").parameter_count(), 2255156);
  EXPECT_EQ(graph_of("densenet").parameter_count(), 7048548);
  EXPECT_EQ(graph_of("{densenet: {blocks: [16, 16, 16], growth: 12}}", {{3, 32, 32}, 10}).parameter_count(),
            769162);  // published as 0.8M
}

TEST(Architectures, ForImageNetHaveTorchvisionsSizes) {
  const TaskShape imagenet{{3, 224, 224}, 1000};
  EXPECT_EQ(graph_of("resnet18", imagenet).parameter_count(), 11689512);
  EXPECT_EQ(graph_of("resnet34", imagenet).parameter_count(), 21797672);
  EXPECT_EQ(graph_of("resnet50", imagenet).parameter_count(), 25557032);
  EXPECT_EQ(graph_of("resnet50", imagenet).shape_of(graph_of("resnet50", imagenet).feature("layer4")),
            (Shape{2048, 7, 7}));
  EXPECT_EQ(graph_of("{resnet18: cifar}", imagenet).shape_of(graph_of("resnet18", imagenet).feature("conv1")),
            (Shape{64, 224, 224}));
}

TEST(Architectures, OfTheKerasExampleHaveItsTrainedAndOtherNumbers) {
  const auto sizes = [](const std::string& network) {
    const GraphNetwork made(graph_of(network, {{3, 32, 32}, 10}), 1);
    int64_t statistics = 0;
    for (const Parameter& buffer : made.buffers()) statistics += buffer.value.numel();
    return std::pair{made.parameter_count(), statistics};
  };
  EXPECT_EQ(sizes("keras_teacher"), (std::pair<int64_t, int64_t>{3841610, 3328}));
  EXPECT_EQ(sizes("keras_student"), (std::pair<int64_t, int64_t>{769162, 1216}));
}

TEST(Architectures, OfTheShallowMimicHaveTheDerivedSize) {
  const Graph graph = graph_of("shallow_cnn", {{3, 32, 32}, 10});
  EXPECT_EQ(graph.shape_of(graph.feature("pool1")), (Shape{128, 15, 15}));
  EXPECT_EQ(graph.parameter_count(),
            (75 * 128 + 128) + 28800 * 1200 + (1200 * 30000 + 30000) + (30000 * 10 + 10));  // published as 70M
}

// For MNIST the numbers of parameters that Romero et al. 2015 print, 361K and 30K; for CIFAR-10 those of their text,
// with five pieces in the fully connected layer, and not the 9M and 2.5M that they print.
// The hint and the layer that it guides have one height and width only where windows extend beyond the border.
TEST(Architectures, OfFitnetsHaveThePublishedSizesAndLayersThatFit) {
  const TaskShape mnist{{1, 28, 28}, 10}, cifar10{{3, 32, 32}, 10};
  const Graph teacher = graph_of("maxout_mnist", mnist), student = graph_of("fitnet_mnist", mnist);
  EXPECT_EQ(teacher.parameter_count(), 361066);
  EXPECT_EQ(student.parameter_count(), 30130);
  EXPECT_EQ(teacher.shape_of(teacher.feature("layer2")), (Shape{48, 4, 4}));
  EXPECT_EQ(student.shape_of(student.feature("layer4")), (Shape{16, 4, 4}));
  EXPECT_EQ(graph_of("maxout", mnist).description(), teacher.description());
  EXPECT_EQ(graph_of("fitnet_cifar10", cifar10).parameter_count(), 2742102);
  const Graph wide = graph_of("maxout_cifar10", cifar10);
  EXPECT_EQ(wide.parameter_count(), 16247830);
  EXPECT_EQ(wide.shape_of(wide.feature("layer2")), (Shape{192, 7, 7}));
  EXPECT_EQ(wide.shape_of(wide.feature("pool")), (Shape{500}));
}

TEST(Architectures, OfMaxoutTakeOneNumberForAllConvolutions) {
  const TaskShape task{{3, 32, 32}, 10};
  const std::string all = "kernels: 3, padding: 1, pool: {windows: 2, strides: 2}";
  const std::string each = "kernels: [3, 3], padding: [1, 1], pool: {windows: [2, 2], strides: [2, 2]}";
  EXPECT_EQ(graph_of("{maxout: {channels: [8, 16], " + all + "}}", task).description(),
            graph_of("{maxout: {channels: [8, 16], " + each + "}}", task).description());
  EXPECT_THROW(graph_of("{maxout: {channels: [8, 16]}}", task), DiagnosticsError);  // three kernels by default
  EXPECT_THROW(graph_of("{maxout: {channels: []}}", task), DiagnosticsError);
}

class EveryNetwork : public testing::TestWithParam<std::string> {};

TEST_P(EveryNetwork, LearnsFromEveryParameter) {
  use_threads(1);
  const std::string small =
      GetParam() == "shallow_cnn" ? "{shallow_cnn: {channels: 8, bottleneck: 20, hidden: 300}}" : GetParam();
  const GraphNetwork network(graph_of(small), 1);
  const Noise noise{1, 0, torch::arange(2)};
  const torch::Tensor logits = network.forward(torch::rand({2, 3, 32, 32}), {.noise = &noise}).logits;
  ASSERT_EQ(logits.sizes().vec(), (Shape{2, 100}));
  EXPECT_TRUE(logits.isfinite().all().item<bool>());
  torch::log_softmax(logits, 1).slice(1, 0, 1).sum().neg().backward();
  for (const Parameter& parameter : network.parameters()) {
    ASSERT_TRUE(parameter.value.grad().defined()) << parameter.name;
    EXPECT_TRUE(parameter.value.grad().isfinite().all().item<bool>()) << parameter.name;
  }
}

TEST_P(EveryNetwork, NamesItsFeatures) {
  const Graph graph = graph_of(GetParam());
  EXPECT_NO_THROW(graph.feature("layer1"));
  const size_t pool = graph.feature("pool");
  for (const size_t node : graph.nodes().back().inputs) EXPECT_GE(node, pool);
  EXPECT_EQ(element_count(graph.shape_of(pool)), graph.shape_of(pool).front()) << "no vector";
}

INSTANTIATE_TEST_SUITE_P(Architectures, EveryNetwork, testing::ValuesIn(all_networks()),
                         [](const auto& info) { return info.param; });

TEST(Architectures, ThatCannotTakeTheTaskSaySo) {
  const auto message = [](const std::string& network, const TaskShape& task) {
    return message_of<Error>([&] { graph_of(network, task); });
  };
  EXPECT_EQ(message("vgg8", {{3, 4, 32}, 10}), "the network takes images of at least 8x8 pixels, got 4x32");
  EXPECT_EQ(message("resnet20", {{784}, 10}), "the network takes images [channels, height, width], got inputs of 784");
  EXPECT_EQ(message("keras_teacher", {{1, 7, 7}, 10}), "the network takes images of at least 8x8 pixels, got 7x7");
  EXPECT_EQ(message("maxout_mnist", {{1, 17, 40}, 10}), "the network takes images of at least 18x18 pixels, got 17x40");
  EXPECT_NO_THROW(graph_of("maxout_mnist", {{1, 18, 18}, 10}));
  EXPECT_THROW(graph_of("{resnet: 21}"), DiagnosticsError);
  EXPECT_THROW(graph_of("{wrn: {depth: 20}}"), DiagnosticsError);
  EXPECT_NO_THROW(graph_of("resnet20", {{1, 5, 9}, 3}));
}

TEST(Architectures, HaveADropoutThatCanBeTurnedOff) {
  const auto drops = [](const std::string& network) {
    const Graph graph = graph_of(network);
    return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                         [](const Node& node) { return std::holds_alternative<Dropout>(node.operation); });
  };
  EXPECT_EQ(drops("keras_teacher"), 3);
  EXPECT_EQ(drops("{keras_teacher: {dropout: 0}}"), 0);
  EXPECT_EQ(drops("wrn_16_2"), 0);
  EXPECT_EQ(drops("{wrn_16_2: {dropout: 0.3}}"), 6);
  const std::string dropping = "{maxout_mnist: {dropout: {input: 0.2, hidden: 0.5}}}";
  EXPECT_EQ(drops("maxout_mnist"), 0);
  EXPECT_EQ(drops(dropping), 4);
  EXPECT_LT(graph_of(dropping).feature("pool"), graph_of(dropping).feature("drop3"));
}

using ArchitectureFiles = TemporaryFolder;

TEST_F(ArchitectureFiles, LoadTheStatesOfPyTorchsModules) {
  const std::string python = "/usr/bin/python3";
  if (!fs::exists(python)) GTEST_SKIP() << "no " << python;
  const int code =
      Subprocess({python, fs::path(LIMBECK_TESTS) / "nn" / "pytorch_networks.py", folder}, folder / "log").wait();
  if (code == 77) GTEST_SKIP() << "PyTorch or torchvision is not installed";
  ASSERT_EQ(code, 0) << read_file(folder / "log");
  use_threads(1);
  int compared = 0;
  for (const std::string& name : all_networks()) {
    if (!fs::exists(folder / (name + ".outputs.safetensors"))) continue;
    SCOPED_TRACE(name);
    const TensorMap expected = load_tensors(folder / (name + ".outputs.safetensors")).tensors;
    const torch::Tensor inputs = expected.at("inputs"), logits = expected.at("logits");
    GraphNetwork network(graph_of(name, {inputs.sizes().slice(1).vec(), logits.size(1)}), 1);
    load_weights(network, folder / (name + ".weights.safetensors"));
    const torch::NoGradGuard no_gradient;
    const torch::Tensor ours = network.forward(inputs, {}).logits;
    EXPECT_LT((ours - logits).abs().max().item<double>(), 1e-4 * logits.abs().max().item<double>());
    ++compared;
  }
  EXPECT_EQ(compared, 8);
}

TEST_F(ArchitectureFiles, KeepWhatBatchNormRemembers) {
  const auto digits = small_digits(20, 10);
  const Choice architecture = choose(Slot::network, "resnet8");
  const auto network = make_network(architecture, *digits, 3);
  const Noise noise{1, 0, torch::arange(4)};
  network->forward(torch::rand({4, 1, 28, 28}), {.noise = &noise});  // moves the running statistics
  save_model(folder / "m.safetensors", *network, describe_model(architecture, *digits));
  const Model model = load_model(folder / "m.safetensors");
  const torch::Tensor inputs = torch::rand({2, 1, 28, 28});
  const torch::Tensor before = network->forward(inputs, {}).logits;
  EXPECT_TRUE(model.network->forward(inputs, {}).logits.equal(before));
  EXPECT_TRUE(fold(model, Folding::always).network->forward(inputs, {.taps = {"layer2"}}).logits.allclose(before));
}

}  // namespace
}  // namespace limbeck

// What a GPU computes, piece by piece, beside the same on the processor. Run them alone with `ctest -L gpu`.
#include <torch/utils.h>

#include "data/augmentation.h"
#include "gpu/on_gpu.h"
#include "kernels/captured_work.h"
#include "loss/feature_pairs.h"
#include "loss/objective.h"
#include "models/model.h"
#include "support/random_network.h"
#include "support/small_data.h"
#include "support/stage_steps.h"
#include "teacher/network_teacher.h"
#include "train/optimizer.h"

namespace limbeck {
namespace {

using Cuda = OnGpu;

const TaskShape kTask{{3, 32, 32}, 10};

std::shared_ptr<GraphNetwork> network_of(const std::string& name) {
  return random_network(*choose(Slot::network, name).make<Graph, const TaskShape&>(kTask));
}

/// All networks; on the simulated device, whose kernels run thread by thread, those that take little time.
std::vector<std::string> tested_networks() {
  constexpr int64_t kMost = 100'000'000;  // multiply-adds
  std::vector<std::string> names = all_networks();
  if (is_rehearsed())
    std::erase_if(names, [](const std::string& name) { return network_of(name)->multiply_adds().value_or(0) > kMost; });
  return names;
}

/// All names of a slot, and some components with options that take other ways.
std::vector<std::string> all_choices(Slot slot, const std::vector<std::string>& further) {
  std::vector<std::string> choices = components().names(slot);
  choices.insert(choices.end(), further.begin(), further.end());
  return choices;
}

TEST_F(Cuda, ViewsAreThoseOfTheProcessorToRounding) {
  torch::manual_seed(1);
  const torch::Tensor images = torch::randint(256, {60, 3, 32, 32}, torch::kInt64).to(torch::kUInt8);
  const torch::Tensor ids = torch::arange(60);
  for (const std::string& yaml :
       all_choices(Slot::augmentation,
                   {"{crop: {padding: 3, fill: reflect}}", "{crop: {padding: 3, fill: edge}}",
                    "{flip: {vertical: true}}", "{rotation: {degrees: 15, fill: zero}}", "{translation: 0.1}",
                    "{shear: 0.2}", "{zoom: 0.2}", "{cutout: {size: 9, fill: mean}}"})) {
    SCOPED_TRACE(yaml);
    const Augmenter augmenter({choose(Slot::augmentation, yaml)});
    if (augmenter.mixes()) {
      const Mixing here = augmenter.draw_mixing(ids, 60, 1, 2), there = augmenter.draw_mixing(ids.to(gpu()), 60, 1, 2);
      EXPECT_TRUE(there.partners.cpu().equal(here.partners));
      EXPECT_TRUE(there.draws.cpu().equal(here.draws));
      continue;
    }
    const torch::Tensor views = augmenter.draw(ids, 1, 2);
    EXPECT_TRUE(augmenter.draw(ids.to(gpu()), 1, 2).cpu().equal(views));
    const bool is_for_recordings = choose(Slot::augmentation, yaml).make<Augmentation>()->dimensions() == 3;
    const torch::Tensor inputs = is_for_recordings ? images.select(1, 0) : images;
    EXPECT_LE(difference(augmenter.apply(inputs.to(gpu()), views.to(gpu())), augmenter.apply(inputs, views)), 1);
    const torch::Tensor numbers = inputs.to(torch::kFloat32) / 255;
    EXPECT_LE(difference(augmenter.apply(numbers.to(gpu()), views.to(gpu())), augmenter.apply(numbers, views)), 4e-3);
  }
}

TEST_F(Cuda, NetworksAnswerAsOnTheProcessor) {
  const torch::NoGradGuard no_gradient;
  for (const std::string& name : tested_networks()) {
    SCOPED_TRACE(name);
    const auto network = network_of(name);
    const torch::Tensor pictures = random_pictures({3, 32, 32}, 8);
    const std::vector<std::string> taps = network->features();
    const Outputs here = network->forward(pictures, {.taps = taps});
    const double largest = here.logits.abs().max().item<double>();
    network->to(gpu());
    const Outputs there = network->forward(pictures.to(gpu()), {.taps = taps});
    EXPECT_LE(difference(there.logits, here.logits), 1e-3 * (1 + largest));
    for (const std::string& tap : taps)
      EXPECT_LE(relative_distance(there.features.at(tap), here.features.at(tap)), 1e-3) << tap;
    EXPECT_LE(difference(logits_of(*network, pictures.to(gpu())), here.logits),
              1e-3 * (1 + largest));  // nothing tapped
    PreparedWeights prepared;
    for (int pass = 0; pass < 2; ++pass)
      EXPECT_LE(difference(network->forward(pictures.to(gpu()), {.prepared = &prepared}).logits, here.logits),
                1e-3 * (1 + largest));
    const torch::Tensor mixed = network->forward(pictures.to(gpu()), {.precision = Precision::bfloat16}).logits;
    EXPECT_EQ(mixed.scalar_type(), torch::kFloat32);
    EXPECT_LE(relative_distance(mixed, here.logits), 0.2);
  }
}

/// The gradients and the buffers, in a row, after a training pass of a loss that is linear in the logits.
struct TrainingPass {
  torch::Tensor gradients, buffers;
};
TrainingPass training_pass(const GraphNetwork& network, const torch::Tensor& pictures, Precision precision) {
  const Noise noise{.seed = 3, .epoch = 1, .ids = torch::arange(pictures.size(0)).to(pictures.device())};
  for (const Parameter& parameter : network.parameters()) {
    torch::Tensor value = parameter.value;
    value.mutable_grad() = torch::Tensor();
  }
  const torch::Tensor logits = network.forward(pictures, {.noise = &noise, .precision = precision}).logits;
  const torch::Tensor factors = torch::linspace(-1, 1, logits.numel()).reshape(logits.sizes()).to(pictures.device());
  (logits * factors).mean().backward();
  TrainingPass pass{torch::zeros({0}), torch::zeros({0})};
  for (const Parameter& parameter : network.parameters())
    if (parameter.value.grad().defined())
      pass.gradients = torch::cat({pass.gradients, parameter.value.grad().cpu().reshape({-1})});
  for (const Parameter& buffer : network.buffers())
    pass.buffers = torch::cat({pass.buffers, buffer.value.detach().cpu().to(torch::kFloat32).reshape({-1})});
  return pass;
}

TEST_F(Cuda, NetworksLearnAsOnTheProcessor) {
  const torch::Tensor pictures = random_pictures({3, 32, 32}, 16);
  std::vector<std::string> names = tested_networks();
  names.emplace_back("{mlp: {hidden: [64, 64], dropout: {input: 0.2, hidden: 0.5}}}");
  names.emplace_back("{mlp: {hidden: [64], bottleneck: 8}}");
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const TrainingPass here = training_pass(*network_of(name), pictures, Precision::float32);
    const auto network = network_of(name);
    network->to(gpu());
    const TrainingPass there = training_pass(*network, pictures.to(gpu()), Precision::float32);
    ASSERT_GT(here.gradients.numel(), 0);
    EXPECT_LE(relative_distance(there.gradients, here.gradients), 0.05);
    EXPECT_LE(relative_distance(there.buffers, here.buffers), 1e-3);
    const auto another = network_of(name);
    another->to(gpu());
    const TrainingPass mixed = training_pass(*another, pictures.to(gpu()), Precision::bfloat16);
    EXPECT_TRUE(torch::isfinite(mixed.gradients).all().item<bool>());
    EXPECT_LE(relative_distance(mixed.buffers, here.buffers), 0.05);
  }
}

TEST_F(Cuda, ARecordedPassOfEachNetworkGivesWhatItWouldGive) {
  const torch::NoGradGuard no_gradient;
  for (const std::string& name : tested_networks()) {
    const auto network = network_of(name);
    if (!network->capabilities().can_be_recorded) continue;
    SCOPED_TRACE(name);
    network->to(gpu());
    PreparedWeights prepared;
    const torch::Tensor given = random_pictures({3, 32, 32}, 8).to(gpu()), logits = torch::zeros({8, 10}).to(gpu());
    CapturedWork pass([&] { logits.copy_(network->forward(given, {.prepared = &prepared}).logits); }, gpu_recorder());
    for (int batch = 0; batch < 4; ++batch) {
      const torch::Tensor pictures = (random_pictures({3, 32, 32}, 8) + 0.1 * batch).to(gpu());
      const torch::Tensor expected = logits_of(*network, pictures);
      given.copy_(pictures);
      pass();
      EXPECT_LE(relative_distance(logits, expected), 1e-4) << "batch " << batch;
    }
  }
}

/// What a loss is given; features of both, the teacher's with other channels.
struct GivenToLoss {
  Outputs student;
  TeacherOutputs teacher;
  Targets targets;
};
GivenToLoss given_to_loss(torch::Device device) {
  torch::manual_seed(5);
  const auto drawn = [&](const std::vector<int64_t>& shape) { return (2 * torch::randn(shape)).to(device); };
  GivenToLoss given;
  given.student.logits = drawn({32, 10});
  given.teacher.logits = drawn({32, 10});
  given.student.features = {{"a", drawn({32, 8, 6, 6})}, {"b", drawn({32, 16, 3, 3})}};
  given.teacher.features = {{"a", drawn({32, 12, 6, 6})}, {"b", drawn({32, 16, 3, 3})}};
  given.student.community = {given.student.logits, drawn({32, 10})};
  given.targets.labels = (torch::arange(32) % 11 - 1).to(device);  // -1: no label
  given.targets.ids = torch::arange(32).to(device);
  given.targets.epochs = torch::full({}, 4.0, torch::kFloat32).to(device);
  return given;
}

/// The value, then the gradients by the logits, the features, and the loss's own parameters; all on the processor.
std::vector<torch::Tensor> value_and_gradients(const std::string& yaml, torch::Device device) {
  GivenToLoss given = given_to_loss(device);
  std::vector<torch::Tensor> leaves{given.student.logits.requires_grad_()};
  for (auto& [name, feature] : given.student.features) leaves.push_back(feature.requires_grad_());
  given.student.community[0] = given.student.logits.detach();
  const auto loss = choose(Slot::loss, yaml).make<Loss>();
  LossParameters parameters(/*seed=*/1, /*loss=*/0, device);
  LossShapes shapes = shapes_of(given.student, given.teacher);
  shapes.examples = 32;
  if (loss->needs().shapes) loss->prepare(shapes, parameters);
  if (loss->needs().teacher_statistics) loss->use(statistics_of(given.teacher.logits));
  for (const Parameter& parameter : parameters.all()) leaves.push_back(parameter.value);
  const torch::Tensor value = loss->value(given.student, given.teacher, given.targets);
  value.backward();
  std::vector<torch::Tensor> numbers{value.detach().cpu()};
  for (const torch::Tensor& leaf : leaves)
    numbers.push_back(leaf.grad().defined() ? leaf.grad().cpu() : torch::zeros({1}));
  return numbers;
}

TEST_F(Cuda, LossesAndTheirGradientsAreThoseOfTheProcessor) {
  const std::map<std::string, std::string> features = {
      {"fsp", "[b, b]"}, {"attention_transfer", "[a, b]"}, {"vid", "[a, b]"}, {"reviewkd", "[a, b]"}, {"crd", "b"}};
  for (const std::string& choice : all_choices(
           Slot::loss,
           {"{soft_targets: {temperature: 20, form: cross_entropy}}",
            "{soft_targets: {temperature: 3, reduction: mean, examples: unlabelled}}",
            "{soft_targets: {temperature: 3, softened: probabilities}}", "{label_smoothing: {amount: 0.1, form: kl}}",
            "{label_smoothing: {amount: 0.1, over: others}}", "{logit_regression: {normalize: true}}",
            "{logit_regression: {distance: huber}}", "{sigmoid_targets: {temperature: 2, reduction: mean}}",
            "{attention_transfer: {from: [a, b], form: mean}}", "{rkd: {from: b, distance: 1, angle: 2}}",
            "{pkt: {from: a, form: all}}", "{cc: {from: a, form: adjacent}}", "{nst: {from: [a, b], kernel: gaussian}}",
            "{fsp: {from: [b, b], form: mean}}", "{ickd: {from: a, form: normalized}}",
            "{ab: {from: [a, b], layers: doubling}}", "{ofd: {from: [a, b], layers: doubling}}",
            "{factor_transfer: {from: a, paraphraser_epochs: 1}}", "{ctkd: {form: instance}}"})) {
    SCOPED_TRACE(choice);
    const Choice chosen = choose(Slot::loss, choice);
    const auto* pairs = dynamic_cast<const FeaturePairs*>(chosen.options.get());
    const bool open = pairs != nullptr && pairs->are_open();
    const std::string from = features.contains(choice) ? features.at(choice) : "a";
    const std::string yaml = open ? fmt::format("{{{}: {{from: {}}}}}", choice, from) : choice;
    const std::vector<torch::Tensor> here = value_and_gradients(yaml, torch::kCPU),
                                     there = value_and_gradients(yaml, gpu());
    ASSERT_EQ(there.size(), here.size());
    EXPECT_TRUE(torch::isfinite(there[0]).all().item<bool>());
    for (size_t i = 0; i < here.size(); ++i) EXPECT_LE(relative_distance(there[i], here[i]), 1e-4) << "number " << i;
  }
}

TEST_F(Cuda, OptimizersStepAsOnTheProcessor) {
  const auto digits = small_digits(20, 10);
  for (const std::string& name : components().names(Slot::optimizer))
    for (const std::string options : {"", ", weight_decay: 0.01", ", max_norm: 0.5"}) {
      const std::string yaml = "{" + name + ": {learning_rate: 0.01" + options + "}}";
      SCOPED_TRACE(yaml);
      const auto here = make_network(choose(Slot::network, "{mlp: [12]}"), *digits, 1),
                 there = make_network(choose(Slot::network, "{mlp: [12]}"), *digits, 1);
      there->to(gpu());
      const auto of_here = make_optimizer(choose(Slot::optimizer, yaml), *here),
                 of_there = make_optimizer(choose(Slot::optimizer, yaml), *there);
      torch::manual_seed(2);
      for (int step = 0; step < 6; ++step) {
        for (size_t i = 0; i < here->parameters().size(); ++i) {
          torch::Tensor mine = here->parameters()[i].value, other = there->parameters()[i].value;
          mine.mutable_grad() = torch::randn_like(mine);
          other.mutable_grad() = mine.grad().clone().to(gpu());
        }
        of_here->step(0.5);
        of_there->step(0.5);
      }
      for (size_t i = 0; i < here->parameters().size(); ++i)
        EXPECT_LE(relative_distance(there->parameters()[i].value.detach(), here->parameters()[i].value.detach()), 1e-5);
      for (const auto& [entry, tensor] : of_here->state())
        EXPECT_LE(relative_distance(of_there->state().at(entry), tensor), 1e-5) << entry;
    }
}

/// The weights and buffers after eight steps on the GPU.
std::vector<torch::Tensor> weights_after(const std::string& architecture, const std::string& losses, bool is_recorded) {
  const Recipe recipe = parse_recipe(
      "name: t\ndata: {source: digits}\nnetworks: {n: " + architecture +
          "}\nstages: [{name: s, train: n, epochs: 1, batch_size: 16, augment: none, teacher: uniform, loss: " +
          losses + "}]\n",
      "t", {}, components());
  const auto network = network_of(architecture);
  network->to(gpu());
  torch::manual_seed(4);
  Dataset dataset;
  for (int i = 0; i < 10; ++i) dataset.classes.push_back(std::to_string(i));
  dataset.train.inputs = torch::randint(256, {16 * 8, 3, 32, 32}, torch::kInt64).to(torch::kUInt8);
  dataset.train.labels = torch::randint(10, {16 * 8}, torch::kInt64);
  const ExampleSet examples = ExampleSet(dataset.train, "train", dataset).to(gpu());
  const Augmenter none;
  const auto large = network_of("resnet8");
  large->to(gpu());
  StageSteps step(recipe.stages[0], *network, examples,
                  teach_by(large, {.network = nullptr, .examples = examples, .augmenter = none}), Precision::float32,
                  is_recorded ? gpu_recorder() : Recorder());
  for (int i = 0; i < 8; ++i) step();
  EXPECT_FALSE(step.settle().has_value());
  EXPECT_TRUE(std::isfinite(step.sums().loss()));
  std::vector<torch::Tensor> tensors;
  for (const auto* of : {&network->parameters(), &network->buffers()})
    for (const Parameter& parameter : *of) tensors.push_back(parameter.value.detach().cpu());
  return tensors;
}

TEST_F(Cuda, RecordedStepsTrainAsOthersDo) {
  for (const std::string architecture : {"{mlp: {hidden: [32], dropout: {hidden: 0.3}}}", "resnet8", "mobilenetv2"})
    for (const std::string losses :
         {"[ hard_labels: {} ]", "[ soft_targets: {weight: 0.9}, hard_labels: {weight: 0.1} ]",
          "[ logit_regression: {} ]"}) {
      SCOPED_TRACE(architecture + " " + losses);
      const auto plain = weights_after(architecture, losses, false),
                 recorded = weights_after(architecture, losses, true);
      ASSERT_EQ(plain.size(), recorded.size());
      for (size_t i = 0; i < plain.size(); ++i) EXPECT_LE(relative_distance(recorded[i], plain[i]), 0.01) << i;
    }
}

}  // namespace
}  // namespace limbeck

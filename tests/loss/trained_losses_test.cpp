// Losses with parameters and state of their own: their values against NumPy's (tests/golden/trained_losses.py), their
// gradients against differences.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <numbers>

#include "core/random.h"
#include "limbeck/loss.h"
#include "support/golden.h"
#include "support/gradient_check.h"
#include "support/small_data.h"

namespace limbeck {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;

torch::Tensor normal_numbers(const std::vector<int64_t>& shape, uint64_t seed) {
  torch::Tensor drawn = torch::empty(shape, torch::kFloat64);
  Random random({seed, Purpose::synthesis});
  for (int64_t i = 0; i < drawn.numel(); ++i) drawn.view({-1})[i] = random.normal();
  return drawn;
}

/// What a loss is given in a step.
struct LossInputs {
  Outputs student;
  TeacherOutputs teacher;
  Targets targets;
  int64_t examples = 0;

  LossInputs of_type(torch::ScalarType type) const {
    LossInputs other = *this;
    for (auto* tensors : {&other.student.features, &other.teacher.features})
      for (auto& [name, tensor] : *tensors) tensor = tensor.detach().to(type);
    for (torch::Tensor* logits : {&other.student.logits, &other.teacher.logits, &other.teacher.members})
      if (logits->defined()) *logits = logits->detach().to(type);
    return other;
  }
};

/// A prepared loss, whose parameters and state are of `type` from then on.
struct TrainedLoss {
  TrainedLoss(const std::string& yaml, const LossInputs& inputs, torch::ScalarType type = torch::kFloat64)
      : loss(choose(Slot::loss, yaml).make<Loss>()), parameters(/*seed=*/1, /*loss=*/0, torch::kCPU) {
    LossShapes shapes = shapes_of(inputs.student, inputs.teacher);
    shapes.examples = inputs.examples;
    loss->prepare(shapes, parameters);
    for (const auto* all : {&parameters.all(), &parameters.state()})
      for (const Parameter& own : *all)
        if (own.value.is_floating_point()) own.value.set_data(own.value.to(type));
  }
  torch::Tensor value(const LossInputs& inputs) const {
    return loss->value(inputs.student, inputs.teacher, inputs.targets);
  }
  torch::Tensor parameter(const std::string& name) const { return named(parameters.all(), name); }
  torch::Tensor state(const std::string& name) const { return named(parameters.state(), name); }
  void set_state(const Tensors& values) const {
    for (const Parameter& own : parameters.state()) {
      torch::Tensor target = own.value;
      target.copy_(values.at(own.name));
    }
  }

  std::unique_ptr<Loss> loss;
  LossParameters parameters;

 private:
  static torch::Tensor named(const std::vector<Parameter>& all, const std::string& name) {
    for (const Parameter& own : all)
      if (own.name == name) return own.value;
    ADD_FAILURE() << "there is no " << name;
    return {};
  }
};

/// A case of the golden file.
struct TrainedCase {
  explicit TrainedCase(const Json& json)
      : yaml(json["loss"].get<std::string>()),
        parameters(tensors_of(json["parameters"])),
        state(json.contains("state") ? tensors_of(json["state"]) : Tensors{}),
        value(json["value"].get<double>()) {
    const Tensors student = tensors_of(json["student"]), teacher = tensors_of(json["teacher"]);
    inputs.student.features = {student.begin(), student.end()};
    inputs.teacher.features = {teacher.begin(), teacher.end()};
    if (json.contains("epochs")) inputs.targets.epochs = torch::tensor(json["epochs"].get<double>(), torch::kFloat64);
    if (json.contains("examples")) inputs.examples = json["examples"].get<int64_t>();
    if (json.contains("targets")) {
      inputs.targets.ids = tensor_of(json["targets"]["ids"]).to(torch::kInt64);
      inputs.targets.labels = tensor_of(json["targets"]["labels"]).to(torch::kInt64);
    }
    if (!json.contains("logits")) return;
    inputs.student.logits = tensor_of(json["logits"]["student"]);
    inputs.teacher.logits = tensor_of(json["logits"]["teacher"]);
    if (inputs.teacher.logits.dim() == 2) return;
    inputs.teacher.members = inputs.teacher.logits.transpose(0, 1).contiguous();
    inputs.teacher.logits = log_mean_distribution(inputs.teacher.members, 1);
  }

  /// The loss with the parameters and the state of the case.
  TrainedLoss prepared(torch::ScalarType type = torch::kFloat64) const {
    TrainedLoss loss(yaml, inputs, type);
    EXPECT_EQ(loss.parameters.all().size(), parameters.size()) << yaml;
    EXPECT_EQ(loss.parameters.state().size(), state.size()) << yaml;
    for (const auto& [name, given] : parameters) {
      torch::Tensor own = loss.parameter(name);
      EXPECT_EQ(own.sizes(), given.sizes()) << yaml << " " << name;
      own.set_data(given.to(type));
    }
    loss.set_state(state);
    return loss;
  }

  bool is(const std::string& name) const { return yaml.starts_with("{" + name + ":"); }

  std::string yaml;
  LossInputs inputs;
  Tensors parameters, state;
  double value;
};

std::vector<Json> trained_golden() {
  return golden_cases("trained_losses");
}

TEST(TrainedLosses, HaveTheValuesOfNumPy) {
  const std::vector<Json> all = trained_golden();
  EXPECT_EQ(all.size(), 26U);
  for (const Json& json : all) {
    const TrainedCase golden(json);
    const TrainedLoss loss = golden.prepared();
    EXPECT_NEAR(loss.value(golden.inputs).item<double>(), golden.value, 1e-10 * (1 + std::abs(golden.value)))
        << golden.yaml;
    if (!json.contains("then")) continue;
    const auto then = json["then"].get<double>();
    EXPECT_NEAR(loss.value(golden.inputs).item<double>(), then, 1e-10 * (1 + then)) << golden.yaml;
    for (const auto& [name, expected] : tensors_of(json["state_then"]))
      EXPECT_LE((loss.state(name).to(torch::kFloat64) - expected).abs().max().item<double>(), 1e-10) << name;
  }
}

TEST(TrainedLosses, AreTheSameInFloat32UpToRounding) {
  for (const Json& json : trained_golden()) {
    const TrainedCase golden(json);
    const double value = golden.prepared(torch::kFloat32).value(golden.inputs.of_type(torch::kFloat32)).item<double>();
    EXPECT_NEAR(value, golden.value, 2e-5 * (1 + std::abs(golden.value))) << golden.yaml;
  }
}

TEST(TrainedLosses, HaveTheGradientsOfDifferences) {
  for (const Json& json : trained_golden()) {
    const TrainedCase golden(json);
    const TrainedLoss loss = golden.prepared();
    Tensors state = golden.state;
    if (golden.is("crd")) state["constants"] = tensor_of(json["state_then"]["constants"]);  // not estimated here
    const auto value = [&](const LossInputs& inputs) {
      loss.set_state(state);
      return loss.value(inputs);
    };
    for (const auto& [name, feature] : golden.inputs.student.features)
      expect_numeric_gradient(
          [&, &name = name](const torch::Tensor& x) {
            LossInputs moved = golden.inputs;
            moved.student.features[name] = x;
            return value(moved);
          },
          feature, golden.yaml + " " + name);
    for (const Parameter& parameter : loss.parameters.all()) {
      const bool is_fixed =
          golden.is("factor_transfer") && parameter.name[0] != 't' && golden.inputs.targets.epochs.item<double>() >= 30;
      if (golden.is("ctkd")) continue;  // reversed: below
      if (!is_fixed) {
        expect_numeric_gradient_by(
            parameter.value, [&] { return value(golden.inputs); }, golden.yaml + " " + parameter.name);
        continue;
      }
      value(golden.inputs).backward();
      EXPECT_EQ(parameter.value.grad().abs().max().item<double>(), 0) << golden.yaml << " " << parameter.name;
    }
  }
}

/// Two features of teacher and student, vectors and logits, for losses of all kinds; N examples.
LossInputs varied_inputs(int64_t n, double scale, torch::ScalarType type = torch::kFloat32) {
  LossInputs inputs;
  inputs.student = {
      .logits = scale * normal_numbers({n, 5}, 1),
      .features = {{"a", scale * normal_numbers({n, 3, 6, 6}, 2)}, {"b", scale * normal_numbers({n, 4}, 3)}}};
  inputs.teacher = {
      .logits = scale * normal_numbers({n, 5}, 4),
      .features = {{"a", scale * normal_numbers({n, 4, 6, 5}, 5)}, {"b", scale * normal_numbers({n, 2}, 6)}},
      .members = {}};
  inputs.targets = {.labels = torch::arange(n) % 3 - 1,
                    .ids = torch::arange(n).flip(0),
                    .partner_labels = {},
                    .mix = {},
                    .epochs = torch::tensor(5.0, type)};
  inputs.examples = n + 2;
  return inputs.of_type(type);
}

const std::vector<std::string>& varied_losses() {
  static const std::vector<std::string> all = {"{vid: {from: [a, b]}}",
                                               "{reviewkd: {from: [a, b]}}",
                                               "{simkd: a}",
                                               "{factor_transfer: {from: a}}",
                                               "{factor_transfer: {from: a, paraphraser_epochs: 1}}",
                                               "{factor_transfer: {from: a, paraphraser_epochs: 1, form: mean, p: 2}}",
                                               "{factor_transfer: {from: a, paraphraser_epochs: 1, form: map}}",
                                               "{crd: a}",
                                               "{crd: {from: b, negatives: 2}}",
                                               "ctkd",
                                               "{ctkd: {form: instance}}"};
  return all;
}

void require_gradients(const LossInputs& inputs) {
  for (const auto& [name, feature] : inputs.student.features) feature.requires_grad_();
  for (const auto& [name, feature] : inputs.teacher.features) feature.requires_grad_();
  inputs.student.logits.requires_grad_();
  inputs.teacher.logits.requires_grad_();
}

TEST(TrainedLosses, AreFiniteAtExtremeInputs) {
  for (const std::string& yaml : varied_losses())
    for (const int64_t n : {1, 2, 5})
      for (const double scale : {0.0, 1e-30, 1.0, 1e4}) {
        const LossInputs inputs = varied_inputs(n, scale);
        const TrainedLoss loss(yaml, inputs, torch::kFloat32);
        require_gradients(inputs);
        for (int step = 0; step < 2; ++step) {
          const torch::Tensor value = loss.value(inputs);
          value.backward();
          EXPECT_TRUE(std::isfinite(value.item<double>())) << yaml << " " << n << " " << scale;
        }
        std::vector<torch::Tensor> leaves = {inputs.student.logits};
        for (const auto& [name, feature] : inputs.student.features) leaves.push_back(feature);
        for (const Parameter& parameter : loss.parameters.all()) leaves.push_back(parameter.value);
        for (const torch::Tensor& leaf : leaves) {
          const bool fits = !leaf.grad().defined() || leaf.grad().isfinite().all().item<bool>();
          EXPECT_TRUE(fits) << yaml << " " << n << " " << scale;
        }
        for (const Parameter& state : loss.parameters.state())
          EXPECT_TRUE(state.value.isfinite().all().item<bool>()) << yaml << " " << state.name;
      }
}

TEST(TrainedLosses, GiveTheTeacherNoGradient) {
  for (const std::string& yaml : varied_losses()) {
    const LossInputs inputs = varied_inputs(4, 1);
    require_gradients(inputs);
    TrainedLoss(yaml, inputs, torch::kFloat32).value(inputs).backward();
    EXPECT_FALSE(inputs.teacher.logits.grad().defined()) << yaml;
    for (const auto& [name, feature] : inputs.teacher.features) EXPECT_FALSE(feature.grad().defined()) << yaml;
    const auto of_student = [&](const torch::Tensor& x) {
      return x.grad().defined() && x.grad().abs().max().item<double>() > 0;
    };
    const bool learns = of_student(inputs.student.logits) || of_student(inputs.student.features.at("a")) ||
                        of_student(inputs.student.features.at("b"));
    EXPECT_EQ(learns, yaml != "{factor_transfer: {from: a}}") << yaml;
  }
}

TEST(TrainedLosses, AreMeansOverExamples) {
  for (const std::string& yaml : varied_losses()) {
    const LossInputs inputs = varied_inputs(3, 1, torch::kFloat64);
    LossInputs repeated = inputs;
    for (auto* features : {&repeated.student.features, &repeated.teacher.features})
      for (auto& [name, feature] : *features) feature = torch::cat({feature, feature});
    for (torch::Tensor* all :
         {&repeated.student.logits, &repeated.teacher.logits, &repeated.targets.ids, &repeated.targets.labels})
      *all = torch::cat({*all, *all});
    EXPECT_NEAR(TrainedLoss(yaml, inputs).value(inputs).item<double>(),
                TrainedLoss(yaml, inputs).value(repeated).item<double>(), 1e-9)
        << yaml;
  }
}

TEST(TrainedLosses, RefuseFeaturesThatTheyCannotCompare) {
  const auto refused = [](const std::string& yaml) {
    LossInputs inputs = varied_inputs(2, 1);
    inputs.student.features["c"] = inputs.teacher.features["c"] = normal_numbers({2, 3, 4}, 1);
    return message_of<Error>([&] { TrainedLoss(yaml, inputs); });
  };
  const std::string vectors =
      "the teacher's feature 'b' is 2, the student's 'b' 4; expected two pictures "
      "[channels, height, width]";
  EXPECT_EQ(refused("{simkd: b}"), vectors);
  EXPECT_EQ(refused("{factor_transfer: b}"), vectors);
  const std::string sequences =
      "the teacher's feature 'c' is 3x4, the student's 'c' 3x4; expected pictures "
      "[channels, height, width] or vectors";
  for (const char* yaml : {"{vid: c}", "{reviewkd: c}", "{crd: c}"}) EXPECT_EQ(refused(yaml), sequences);
  EXPECT_EQ(refused("{crd: {from: [a, b]}}"), "the loss 'crd' compares one feature of each network; found 2");
}

TEST(TrainedLosses, HaveShortNames) {
  for (const auto& [alias, name] : std::map<std::string, std::string>{{"ft", "factor_transfer"}, {"kr", "reviewkd"}})
    EXPECT_EQ(choose(Slot::loss, alias).name(), name);
}

TEST(Vid, BeginsWithTheVarianceOfItsOption) {
  const LossInputs inputs = varied_inputs(2, 1);
  for (const double variance : {5.0, 0.01}) {
    const TrainedLoss loss("{vid: {from: a, variance: " + std::to_string(variance) + "}}", inputs);
    const torch::Tensor rho = loss.parameter("rho").detach();
    EXPECT_TRUE(loss.parameter("rho").requires_grad());
    EXPECT_LE((rho.exp().log1p() + 1e-5 - variance).abs().max().item<double>(), 1e-6);
  }
}

TEST(Vid, OfAPerfectPredictionIsTheLogarithmOfTheDeviation) {
  LossInputs inputs = varied_inputs(2, 1, torch::kFloat64);
  inputs.student.features["a"] = inputs.teacher.features["a"];
  const TrainedLoss loss("{vid: {from: a, layers: 1}}", inputs);
  loss.parameter("mean1.weight").set_data(torch::eye(4, torch::kFloat64).reshape({4, 4, 1, 1}));
  loss.parameter("mean1.bias").set_data(torch::zeros({4}, torch::kFloat64));
  EXPECT_NEAR(loss.value(inputs).item<double>(), std::log(5) / 2, 1e-6);
}

TEST(FactorTransfer, IsZeroWhereFactorsAreTheSame) {
  for (const char* form : {"norm", "mean", "map"}) {
    LossInputs inputs = varied_inputs(3, 1, torch::kFloat64);
    inputs.student.features["a"] = inputs.teacher.features["a"].clone().requires_grad_();
    const TrainedLoss loss(std::string("{factor_transfer: {from: a, paraphraser_epochs: 0, form: ") + form + "}}",
                           inputs);
    for (const Parameter& parameter : loss.parameters.all())
      if (parameter.name.starts_with("translator"))
        parameter.value.set_data(loss.parameter("encoder" + parameter.name.substr(10)).detach());
    const torch::Tensor value = loss.value(inputs);
    value.backward();
    EXPECT_EQ(value.item<double>(), 0) << form;
    EXPECT_EQ(inputs.student.features.at("a").grad().abs().max().item<double>(), 0) << form;
  }
}

TEST(Ctkd, AscendsByAShareThatGrows) {
  for (const Json& json : trained_golden()) {
    TrainedCase golden(json);
    if (!golden.is("ctkd")) continue;
    const TrainedLoss loss = golden.prepared();
    const auto value = [&] { return loss.value(golden.inputs); };
    for (const double epochs : {0.0, 2.5, 5.0, 10.0, 200.0}) {
      golden.inputs.targets.epochs = torch::tensor(epochs, torch::kFloat64);
      const double lambda = epochs >= 10 ? 1 : (1 - std::cos(std::numbers::pi * epochs / 10)) / 2;
      for (const Parameter& parameter : loss.parameters.all()) {
        torch::Tensor own = parameter.value;
        const torch::Tensor before = own.detach().clone();
        own.mutable_grad() = torch::Tensor();
        value().backward();
        const torch::Tensor gradient = own.grad().clone();
        EXPECT_EQ(gradient.abs().max().item<double>() == 0, lambda == 0);
        const auto reversed = [&](const torch::Tensor& x) {
          own.set_data(x);
          return -lambda * value();
        };
        expect_differences(gradient, reversed, before, golden.yaml + " " + parameter.name);
        own.set_data(before);
      }
    }
    if (golden.yaml.find("instance") != std::string::npos) continue;  // θ depends on the logits: below
    expect_numeric_gradient(
        [&](const torch::Tensor& z) {
          LossInputs moved = golden.inputs;
          moved.student.logits = z;
          return loss.value(moved);
        },
        golden.inputs.student.logits, golden.yaml);
  }
}

TEST(Ctkd, IsSoftTargetsAtItsTemperature) {
  const LossInputs inputs = varied_inputs(4, 1, torch::kFloat64);
  const TrainedLoss loss("{ctkd: {lowest: 2, range: 4}}", inputs);
  loss.parameter("theta").set_data(torch::zeros({1}, torch::kFloat64));
  const TrainedLoss soft_targets("{soft_targets: {temperature: 4}}", inputs);
  EXPECT_NEAR(loss.value(inputs).item<double>(), soft_targets.value(inputs).item<double>(), 1e-12);
  LossInputs same = inputs;
  same.student.logits = inputs.teacher.logits;
  EXPECT_NEAR(loss.value(same).item<double>(), 0, 1e-15);
}

TEST(Ctkd, OfAnInstanceTakesTheLogitsAsConstants) {
  const LossInputs inputs = varied_inputs(3, 1, torch::kFloat64);
  const TrainedLoss loss("{ctkd: {form: instance, hidden: 3}}", inputs);
  inputs.student.logits.requires_grad_();
  loss.value(inputs).backward();
  const torch::Tensor z = inputs.student.logits.detach(), v = inputs.teacher.logits;
  const auto weights = [&](const char* name) { return loss.parameter(name).detach(); };
  const torch::Tensor hidden = (torch::cat({z, v}, 1).matmul(weights("1.weight").t()) + weights("1.bias")).relu();
  const torch::Tensor t = 1 + 20 * (hidden.matmul(weights("2.weight").t()) + weights("2.bias")).sigmoid();
  const torch::Tensor expected = t * ((z / t).softmax(1) - (v / t).softmax(1)) / 3;
  EXPECT_LE((inputs.student.logits.grad() - expected).abs().max().item<double>(), 1e-12);
}

TEST(Crd, BeginsWithUnitVectorsThatDependOnTheSeedAlone) {
  const LossShapes shapes{.student_features = {{"f", {8}}}, .teacher_features = {{"f", {16, 2, 2}}}, .examples = 50};
  const auto state = [&](uint64_t seed, size_t place) {
    LossParameters parameters(seed, place, torch::kCPU);
    choose(Slot::loss, "{crd: f}").make<Loss>()->prepare(shapes, parameters);
    Tensors all;
    int64_t bytes = 0;
    for (const Parameter& own : parameters.state()) {
      all[own.name] = own.value;
      bytes += own.value.numel() * own.value.element_size();
    }
    EXPECT_LT(bytes, 50 * 128 * 4 * 2);
    return all;
  };
  const Tensors one = state(1, 0), again = state(1, 0), other = state(2, 0), beside = state(1, 1);
  for (const char* name : {"memory.student", "memory.teacher", "order"}) {
    EXPECT_TRUE(one.at(name).equal(again.at(name))) << name;
    EXPECT_FALSE(one.at(name).equal(other.at(name))) << name;
    EXPECT_FALSE(one.at(name).equal(beside.at(name))) << name;
  }
  const torch::Tensor rows = one.at("memory.student").to(torch::kFloat64);
  EXPECT_EQ(rows.sizes().vec(), (Shape{50, 128}));
  EXPECT_LE((rows.norm(2, {1}) - 1).abs().max().item<double>(), 1e-3);
  EXPECT_FALSE(rows.equal(one.at("memory.teacher").to(torch::kFloat64)));
  EXPECT_LE(rows.mean().abs().item<double>(), 0.01);
  EXPECT_TRUE(std::get<0>(one.at("order").sort()).equal(torch::arange(50)));
}

TEST(Crd, WalksThroughAllExamples) {
  LossInputs inputs = varied_inputs(4, 1);
  inputs.examples = 10;
  const TrainedLoss loss("{crd: {from: a, negatives: 4}}", inputs, torch::kFloat32);
  const torch::Tensor before = loss.state("memory.student").clone();
  for (const int64_t counter : {4, 8, 2}) {
    loss.value(inputs);
    EXPECT_EQ(loss.state("counter").item<int64_t>(), counter);
  }
  const torch::Tensor changed = (loss.state("memory.student") - before).abs().amax({1});
  EXPECT_GT(changed.slice(0, 0, 4).min().item<double>(), 0);
  EXPECT_EQ(changed.slice(0, 4, 10).max().item<double>(), 0);
  EXPECT_TRUE(loss.state("labels").slice(0, 0, 4).equal(inputs.targets.labels.flip(0)));
  EXPECT_TRUE(loss.state("labels").slice(0, 4, 10).eq(-1).all().item<bool>());
}

TEST(Crd, IsLowerWhereTheStudentTellsExamplesApart) {
  LossInputs inputs = varied_inputs(6, 1);
  inputs.targets.labels = torch::full({6}, -1, torch::kInt64);
  inputs.examples = 6;
  inputs.teacher.features["b"] = inputs.student.features["b"] = torch::eye(6);
  const TrainedLoss loss("{crd: {from: b, dimension: 6}}", inputs, torch::kFloat32);
  for (const char* whose : {"student", "teacher"}) {
    const std::string layer(whose);
    loss.parameter(layer + ".weight").set_data(torch::eye(6));
    loss.parameter(layer + ".bias").set_data(torch::zeros({6}));
  }
  for (int step = 0; step < 20; ++step) loss.value(inputs);  // fills the memory
  const double together = loss.value(inputs).item<double>();
  LossInputs mixed = inputs;
  mixed.student.features["b"] = torch::eye(6).roll(1, 0);
  EXPECT_LT(together, 0.1 * loss.value(mixed).item<double>());
}

}  // namespace
}  // namespace limbeck

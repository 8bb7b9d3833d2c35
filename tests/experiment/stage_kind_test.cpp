// A kind of stage of one's own: all that it takes is this file.
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "experiment/components.h"
#include "experiment/experiment.h"
#include "experiment/stage.h"
#include "experiment/stage_entry.h"
#include "experiment/stage_networks.h"
#include "nn/weights.h"
#include "recipe/stage_options.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

/// A network whose weights are those of an earlier stage, multiplied by a factor.
struct ScaleOptions : StageOptions {
  std::string of;
  double factor = 1;
  void bind(Fields& fields) {
    fields.reference("of", of, "an earlier stage");
    fields.number("factor", factor, any_number(), "of all weights");
  }
  StageForm form() const override { return {.least_epochs = 0, .source = of}; }
  void check(StageRecipe&, StageCheck& check) const override {
    check.require_start("", of, "the stage begins");
    if (factor == 0) check.mistake("factor", "nothing is left of the network");
  }
};

class ScaleStage : public StageKind {
 public:
  explicit ScaleStage(const ScaleOptions& options) : options_(options) {}

  StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string&,
                   const std::vector<StageResult>&) const override {
    const std::shared_ptr<Network> network = make_stage_network(run, stage);
    TensorMap scaled;
    for (const auto& [name, tensor] : state_of(*run.networks.network(options_.of)))
      scaled[name] = tensor * options_.factor;
    load_state(*network, scaled, "the scaled network");
    save_weights(run, stage, {network});
    return {.network = network,
            .entry = entry_of(run, stage, *network),
            .notice = "",
            .record = {{"factor_used", options_.factor}}};
  }
  std::shared_ptr<Network> load(RunContext& run, const StageRecipe& stage, const Json& record) const override {
    EXPECT_EQ(record.at("factor_used"), options_.factor);
    const std::shared_ptr<Network> network = make_stage_network(run, stage);
    load_weights(run, stage, {network});
    return network;
  }

 private:
  ScaleOptions options_;
};

class KindsOfStages : public TemporaryFolder {
 protected:
  KindsOfStages() : catalogue(components()) {
    catalogue.add<StageKind, ScaleOptions>(
        Slot::stage,
        {.name = "scale",
         .summary = "Scales.",
         .principal = "of",
         .form = "map",
         .standard = "none",
         .meaning = "scales"},
        [](const ScaleOptions& options) { return std::make_unique<ScaleStage>(options); });
  }

  Recipe recipe(const std::vector<std::string>& settings = {}) const {
    constexpr const char* kText = R"(
name: scaled
data: { source: { digits: { train: 200, test: 50 } } }
networks: { small: { mlp: [8] } }
stages:
  - { name: first, train: small, epochs: 1 }
  - { name: scaled, train: small, scale: { of: first, factor: 0.5 } }
  - { name: taught, train: small, epochs: 1, teacher: scaled }
)";
    return parse_recipe(kText, "r", settings, catalogue);
  }
  Json run(const std::vector<std::string>& settings = {}) {
    reused.clear();
    EventBus events;
    events.subscribe([this](const Event& event) {
      if (const auto* stage = std::get_if<StageReused>(&event)) reused.push_back(stage->stage);
    });
    return Experiment(recipe(settings), {.out = folder, .device = DeviceChoice::cpu}, events).run();
  }
  TensorMap weights(const std::string& stage) const {
    return load_tensors(folder / "stages" / stage / "weights.safetensors").tensors;
  }

  Catalogue catalogue;
  std::vector<std::string> reused;
};

TEST_F(KindsOfStages, OfOnesOwnRunTeachAndAreUsedAgain) {
  const Json results = run();
  EXPECT_EQ(results["stages"][1]["name"], "scaled");
  EXPECT_EQ(results["stages"][2]["teacher"], "scaled");
  const TensorMap first = weights("first"), scaled = weights("scaled");
  for (const auto& [name, tensor] : first) EXPECT_TRUE(scaled.at(name).equal(tensor * 0.5)) << name;
  EXPECT_EQ(run()["stages"], results["stages"]);
  EXPECT_EQ(reused, (std::vector<std::string>{"first", "scaled", "taught"}));
  run({"stages.scaled.scale.factor=2"});
  EXPECT_EQ(reused, std::vector<std::string>{"first"});
}

TEST_F(KindsOfStages, OfOnesOwnTellMistakesAndAreWrittenOut) {
  EXPECT_EQ(resolve(recipe())["stages"][1]["scale"], (Json{{"of", "first"}, {"factor", 0.5}}));
  const auto mistake = [&](const std::string& setting) -> std::string {
    try {
      recipe({setting});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(mistake("stages.scaled.scale.factor=0").find("nothing is left of the network"), std::string::npos);
  EXPECT_NE(mistake("stages.scaled.scale.of=nobody").find("no earlier stage 'nobody'"), std::string::npos);
  EXPECT_NE(mistake("stages.taught.scall=first").find("did you mean 'scale'"), std::string::npos);
  bool listed = false;
  for (const RecipeSection& section : recipe_sections(catalogue)) listed |= section.name == "scale";
  EXPECT_TRUE(listed);
}

}  // namespace
}  // namespace limbeck

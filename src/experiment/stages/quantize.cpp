// Post-training int8 quantization of an earlier network, and with `epochs` quantization-aware fine-tuning: batch norm
// is folded in, weights and activations are rounded to 8 bits (nn/quantization.h has formula and source).
//
//   quantize: student
//   quantize: { of: student, examples: 2048 }
#include <algorithm>

#include "deploy/onnx.h"
#include "experiment/stage_networks.h"
#include "experiment/stage_training.h"
#include "experiment/training_stage.h"
#include "nn/quantization.h"
#include "recipe/stage_options.h"
#include "results/stage_parts.h"
#include "train/evaluation.h"

namespace limbeck {
namespace {

struct QuantizeOptions : StageOptions {
  std::string of;
  int64_t examples = 1024;  ///< of the training examples, drawn once, from which the ranges of activations are found

  void bind(Fields& fields) {
    fields.reference("of", of, "the network to quantize: an earlier stage, or a network with weights");
    fields.integer("examples", examples, between(1, 1e6),
                   "training examples on which the ranges of activations are calibrated");
  }
  StageForm form() const override { return {.least_epochs = 0, .quantized = true, .source = of}; }
  void check(StageRecipe&, StageCheck& check) const override { check.require_start("", of, "the stage begins"); }
};

class QuantizeStage : public StageKind {
 public:
  explicit QuantizeStage(const QuantizeOptions& options) : options_(options) {}

  void check(const RunContext& run, const StageRecipe& stage) const override {
    require_graph(run, stage, "only networks that this program knows by name can be quantized");
  }

  StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                   const std::vector<StageResult>&) const override {
    const std::shared_ptr<Network> network = quantize_source(run, stage);
    StageOutcome outcome = train_stage(run, stage, network, {network}, fingerprint);
    outcome.entry.network.description += " int8";
    outcome.entry.parts.add(measure(run, stage, *network));
    return outcome;
  }

  std::shared_ptr<Network> load(RunContext& run, const StageRecipe& stage, const Json&) const override {
    const std::shared_ptr<Network> whole = make_stage_network(run, stage);
    const auto network =
        std::make_shared<GraphNetwork>(quantize(dynamic_cast<const GraphNetwork&>(*whole).graph()), run.seed_of(stage));
    load_weights(run, stage, {network});
    network->to(run.device);
    return network;
  }

 private:
  /// With ranges from the stage's examples.
  std::shared_ptr<Network> quantize_source(RunContext& run, const StageRecipe& stage) const {
    const auto source = std::dynamic_pointer_cast<GraphNetwork>(run.networks.network(options_.of));
    if (source == nullptr)
      throw Error(fmt::format("'{}' is no graph of operations that are known by name", options_.of));
    const ExampleSet examples = run.data.examples_of(stage);
    const at::Tensor order = examples.order(run.seed_of(stage), 0);
    return quantize(*source, examples.batch(order.slice(0, 0, std::min(options_.examples, examples.size()))).inputs);
  }

  /// What rounding cost, and what it saved.
  QuantizedPart measure(const RunContext& run, const StageRecipe& stage, const Network& rounded) const {
    const ExampleSet& test = run.data.test();
    const Hits before = count_hits(run.networks.logits_on(test, options_.of), test.labels()),
               after = count_hits(run.networks.logits_on(test, stage.name), test.labels());
    QuantizedPart part;
    part.of = options_.of;
    part.examples = options_.examples;
    part.test_examples = before.labelled;
    part.errors_before = before.labelled - before.correct;
    part.errors_after = after.labelled - after.correct;
    if (writes_onnx()) {
      const Shape input = run.dataset().input_shape();
      part.onnx_bytes_before = static_cast<int64_t>(to_onnx(*run.networks.network(options_.of), input).size());
      part.onnx_bytes = static_cast<int64_t>(to_onnx(rounded, input).size());
    }
    return part;
  }

  QuantizeOptions options_;
};

}  // namespace

void register_quantize(Catalogue& catalogue) {
  catalogue.add<StageKind, QuantizeOptions>(
      Slot::stage,
      {.name = "quantize",
       .summary = "Post-training int8 quantization of weights and activations, and quantization-aware fine-tuning.",
       .principal = "of",
       .form = "stage, network or map",
       .standard = "none",
       .meaning = "network to quantize to int8 after training; with `epochs` above 0 (default 0) followed by "
                  "quantization-aware fine-tuning",
       .excludes = "one network is rounded: such a stage has no replicas and no specialists, and does not align"},
      [](const QuantizeOptions& options) { return std::make_unique<QuantizeStage>(options); });
}

}  // namespace limbeck

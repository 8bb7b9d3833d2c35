// limbeck export MODEL
#include <fmt/core.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "app/commands.h"
#include "core/process.h"
#include "core/random.h"
#include "core/text.h"
#include "experiment/experiment.h"
#include "experiment/model.h"
#include "serve/playground.h"

namespace limbeck {
namespace {

/// The largest difference of the two networks' logits on random inputs, relative to the largest logit.
double largest_difference(const Model& first, const Model& second) {
  constexpr int64_t kInputs = 256;
  Shape shape = first.description.input;
  shape.insert(shape.begin(), kInputs);
  torch::Tensor inputs = torch::empty(shape, torch::kFloat32);
  auto* values = inputs.data_ptr<float>();
  const int64_t each = inputs.numel() / kInputs;
  for (int64_t id = 0; id < kInputs; ++id) {
    Random random({.seed = 0, .purpose = Purpose::synthesis, .id = static_cast<uint32_t>(id)});
    for (int64_t i = 0; i < each; ++i) values[id * each + i] = random.uniform();
  }
  const torch::NoGradGuard no_gradient;
  const torch::Tensor a = first.network->forward(inputs, {}).logits, b = second.network->forward(inputs, {}).logits;
  return ((a - b).abs().max() / a.abs().max().clamp_min(1e-30)).item<double>();
}

}  // namespace

void add_export(Program& program) {
  CLI::App* command = add_command(program, "export", "Write a trained network for use elsewhere, linear bottlenecks multiplied out");
  auto model_file = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto fold = std::make_shared<std::string>("auto");
  command->add_option("model", *model_file, "weights.safetensors or model.pt of a stage")->required()->type_name("FILE");
  command->add_option("--out", *out, "file to write: .safetensors, or .pt for a network that came from a TorchScript file")
      ->type_name("FILE");
  auto page = std::make_shared<std::string>();
  auto beside = std::make_shared<std::vector<std::string>>();
  command->add_option("--page", *page, "folder to write instead: a page for any web server, on which the network classifies drawn and chosen pictures")
      ->type_name("DIR");
  command->add_option("--beside", *beside, "further networks on that page, such as the teacher")->type_name("FILE");
  command->add_option("--fold", *fold, "multiply linear bottlenecks out: where the product is smaller (auto), always, or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))->capture_default_str();
  command->callback([=, &program] {
    settle_process(program.arguments);
    use_threads(0);
    if (page->empty() == out->empty()) throw Error(ErrorKind::usage, "expected either --out FILE or --page DIR");
    if (!page->empty()) {
      std::vector<fs::path> models(beside->begin(), beside->end());
      models.insert(models.begin(), *model_file);
      write_playground(*page, models);
      if (program.output.json) fmt::print("{}\n", Json{{"page", *page}, {"models", models.size()}}.dump(1));
      else if (!program.output.quiet) fmt::print("Wrote {0}: try it with  python3 -m http.server --directory {0}\n", *page);
      return;
    }
    const std::string extension = fs::path(*out).extension();
    if (extension != ".safetensors" && extension != ".pt")
      throw Error(ErrorKind::usage, fmt::format("--out '{}': expected a name that ends in .safetensors or .pt", *out));
    constexpr double kMost = 1e-5;
    const Model model = load_model(*model_file);
    if (extension == ".pt") {
      save_torchscript(*out, *model.network, model.description);
      if (program.output.json) fmt::print("{}\n", Json{{"out", *out}, {"parameters", model.network->parameter_count()}}.dump(1));
      else if (!program.output.quiet) fmt::print("Wrote {}: {} parameters\n", *out, with_commas(model.network->parameter_count()));
      return;
    }
    const Folding folding = *fold == "always" ? Folding::always : *fold == "auto" ? Folding::where_smaller : Folding::never;
    const Model exported = folded(model, folding);
    const double difference = largest_difference(model, exported);
    if (!(difference <= kMost))
      throw Error(fmt::format("the exported network differs from '{}' by {:.2g} of its largest logit; expected at most {}", *model_file,
                              difference, kMost));
    save_model(*out, *exported.network, exported.description);
    const int64_t before = model.network->parameter_count(), after = exported.network->parameter_count();
    if (program.output.json)
      fmt::print("{}\n", Json{{"out", *out}, {"parameters_before", before}, {"parameters", after}, {"difference", difference}}.dump(1));
    else if (!program.output.quiet)
      fmt::print("Wrote {}: {} parameters{}, logits the same to {:.1e} of the largest on 256 random inputs\n", *out, with_commas(after),
                 after == before ? "" : fmt::format(" (before: {})", with_commas(before)), difference);
  });
  command->footer("Example:  limbeck export runs/mimic/stages/mimic/weights.safetensors --out mimic.safetensors --fold always");
}

}  // namespace limbeck

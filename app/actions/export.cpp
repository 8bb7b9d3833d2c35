#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <fmt/core.h>

#include "app/actions/all.h"
#include "app/actions/data_source.h"
#include "app/commands/export.h"
#include "core/json.h"
#include "core/own_files.h"
#include "core/random.h"
#include "core/text.h"
#include "experiment/device.h"
#include "experiment/experiment.h"
#include "models/model.h"
#include "models/model_export.h"
#include "models/model_files.h"
#include "models/model_onnx.h"
#include "nn/quantization.h"
#include "serve/playground.h"
#include "serve/served_models.h"

namespace limbeck {
namespace {

/// The largest difference of the two networks' logits on random inputs, relative to the largest logit.
double largest_difference(const Model& first, const Model& second) {
  constexpr int64_t kInputs = 256;
  Shape shape = first.description.input;
  shape.insert(shape.begin(), kInputs);
  at::Tensor inputs = at::empty(shape, at::kFloat);
  auto* values = inputs.data_ptr<float>();
  const int64_t each = inputs.numel() / kInputs;
  for (int64_t id = 0; id < kInputs; ++id) {
    Random random({.seed = 0, .purpose = Purpose::synthesis, .id = static_cast<uint32_t>(id)});
    for (int64_t i = 0; i < each; ++i) values[id * each + i] = random.uniform();
  }
  const at::NoGradGuard no_gradient;
  const at::Tensor a = first.network->forward(inputs, {}).logits, b = second.network->forward(inputs, {}).logits;
  return ((a - b).abs().max() / a.abs().max().clamp_min(1e-30)).item<double>();
}

/// The network with weights and activations in bytes.
Model in_bytes(const Model& model, const ExportFlags& flags) {
  const auto* network = dynamic_cast<const GraphNetwork*>(model.network.get());
  if (network == nullptr)
    throw Error(
        ErrorKind::usage,
        fmt::format("'{}' is a network from a file; only networks that this program knows by name can be quantized",
                    flags.model));
  if (model.description.quantized) return model;
  const auto dataset =
      load_source(source_for(flags.source, flags.model,
                             "--int8 needs training examples, from which the ranges of activations are found"),
                  flags.data);
  check_fits(model, *dataset, fmt::format("'{}'", flags.model));
  const ExampleSet examples(dataset->train, "train", *dataset);
  const at::Tensor order = examples.order(0, 0);
  Model result = model;
  result.network =
      quantize(*network, examples.batch(order.slice(0, 0, std::min(flags.examples, examples.size()))).inputs);
  result.description.quantized = true;
  return result;
}

void write_page(const ExportFlags& flags, const OutputOptions& output) {
  if (flags.softmax || flags.bytes || flags.int8)
    throw Error(
        ErrorKind::usage,
        "--softmax, --bytes and --int8 are for --out; a page holds networks as they are, so give it a quantized stage");
  check_output_folder(flags.page,
                      {.names = {"index.html", "static.js", "playground.js", "app.css", "report.css", "icon.svg"},
                       .proof = "playground.json",
                       .kind = "page",
                       .force = flags.force});
  std::vector<fs::path> models(flags.beside.begin(), flags.beside.end());
  models.insert(models.begin(), flags.model);
  for (const std::string& notice : write_playground(flags.page, models))
    if (!output.quiet) print_error("{}\n", notice);
  if (output.json)
    print_out("{}\n", Json{{"page", flags.page}, {"models", models.size()}}.dump(1));
  else if (!output.quiet)
    print_out("Wrote {0}: try it with  python3 -m http.server --directory {0}\n", flags.page);
}

void write_model(const ExportFlags& flags, const OutputOptions& output) {
  constexpr double kMost = 1e-5;
  const std::string extension = export_extension(flags.out, "--out");
  if (extension != ".onnx" && (flags.softmax || flags.bytes))
    throw Error(ErrorKind::usage, "--softmax and --bytes are of ONNX files; give --out a name that ends in .onnx");
  if (!flags.int8 && !flags.source.empty())
    throw Error(ErrorKind::usage, "--source names the examples of --int8, which is not asked for");
  const OutputRules rules{.reads = {flags.model}, .force = flags.force};
  check_output(flags.out, rules);
  if (extension == ".safetensors") check_output(description_file(flags.out), rules);
  const Folding folding = flags.fold == "always" ? Folding::always
                          : flags.fold == "auto" ? Folding::where_smaller
                                                 : Folding::never;
  const Model model = load_model(flags.model, description_of(flags.foreign));
  if (flags.bytes && !takes_pictures(model.description))
    throw Error(ErrorKind::usage, fmt::format("--bytes is of networks that take pictures; '{}' takes {}", flags.model,
                                              to_text(model.description.input)));
  const bool is_graph = dynamic_cast<const GraphNetwork*>(model.network.get()) != nullptr;
  if (!is_graph && extension == ".safetensors")
    throw Error(ErrorKind::usage,
                "the layers of a network from a file are not known; give --out a name that ends in .pt or .onnx");
  Model exported = is_graph && !model.description.quantized ? fold(model, folding) : model;
  const double difference = is_graph ? largest_difference(model, exported) : 0;
  if (!(difference <= kMost))
    throw Error(
        fmt::format("the exported network differs from '{}' by {:.2g} of its largest logit; expected at most {}",
                    flags.model, difference, kMost));
  if (flags.int8) exported = in_bytes(exported, flags);
  write_exported(exported, flags.out, flags.model, {.softmax = flags.softmax, .bytes = flags.bytes});

  const int64_t before = model.network->parameter_count(), after = exported.network->parameter_count();
  const uintmax_t bytes = fs::file_size(flags.out);
  const std::string rounding = extension == ".onnx" ? ", weights and activations in int8"
                                                    : ", weights and activations rounded to int8, stored as float32";
  if (output.json)
    print_out("{}\n", Json{{"out", flags.out},
                           {"parameters_before", before},
                           {"parameters", after},
                           {"bytes", bytes},
                           {"difference", difference},
                           {"int8", exported.description.quantized}}
                          .dump(1));
  else if (!output.quiet)
    print_out("Wrote {}: {} parameters{}, {}{}\n", flags.out, with_commas(after),
              after == before ? "" : fmt::format(" (before: {})", with_commas(before)),
              fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3),
              exported.description.quantized ? rounding
              : after != before
                  ? fmt::format(", logits the same to {:.1e} of the largest on 256 random inputs", difference)
                  : "");
}

}  // namespace

void export_model(ExportFlags flags, const OutputOptions& output) {
  use_threads(0);
  if (flags.page.empty() == flags.out.empty())
    throw Error(ErrorKind::usage, "expected either --out FILE or --page DIR");
  std::vector<std::string*> models = {&flags.model};
  for (std::string& beside : flags.beside) models.push_back(&beside);
  for (std::string* model : models) {
    *model = model_file(*model).string();
    refuse_onnx(*model, "export");
  }
  if (flags.page.empty())
    write_model(flags, output);
  else
    write_page(flags, output);
}

}  // namespace limbeck

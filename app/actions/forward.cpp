#include <ATen/ops/empty.h>
#include <fmt/core.h>

#include <algorithm>

#include "app/actions/all.h"
#include "app/actions/data_source.h"
#include "app/actions/run_settings.h"
#include "app/commands/forward.h"
#include "app/named_files.h"
#include "core/json.h"
#include "core/own_files.h"
#include "experiment/components.h"
#include "experiment/device.h"
#include "models/model_files.h"
#include "models/runnable_model.h"
#include "nn/inference.h"
#include "nn/tensor_files.h"
#include "recipe/reader.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

/// A network as in a recipe, "{ onnx: { file: m.onnx, layout: nhwc } }", or a file.
Model model_of(const ForwardFlags& flags, const Shape& example) {
  const bool in_words = flags.model.find_first_of("{[") != std::string::npos;
  const RunnableOptions options{.example = example, .prepared = flags.prepared};
  InputOptions input;
  if (!flags.input.empty()) {
    Dataset nothing;  // but of that shape
    nothing.name = "--inputs";
    nothing.train.inputs = at::empty(example, at::kByte).unsqueeze(0);
    input = made_for(nothing, flags.input).input_options;
  }
  if (!in_words) return load_runnable(model_file(flags.model), input, options);
  std::vector<Diagnostic> mistakes;
  ReadContext context{components(), mistakes, {}};
  const Choice choice = read_choice(parse_yaml(flags.model, "MODEL", mistakes), "model", Slot::network, context);
  if (!mistakes.empty()) throw DiagnosticsError(mistakes);
  return make_runnable(choice, input, options);
}

void print_features(const Network& network, const at::Tensor& inputs, const OutputOptions& output) {
  const Outputs outputs = infer(network, inputs.narrow(0, 0, 1), {.taps = network.features()});
  Json json = Json::object();
  TextTable table({{"feature", Align::left}, {"shape", Align::left}});
  for (const std::string& name : network.features()) {
    const Shape shape = outputs.features.at(name).sizes().slice(1).vec();
    json[name] = shape;
    table.add({name, to_text(shape)});
  }
  if (output.json)
    print_out("{}\n", json.dump(1));
  else
    print_out("{}", table.text());
}

}  // namespace

void forward(ForwardFlags flags, const OutputOptions& output) {
  use_threads(flags.threads);
  const std::map<std::string, std::string> features = named_files(flags.features, "--feature");
  OutputRules rules{.reads = {tensor_place(flags.inputs).file}, .marks = {""}};  // an array says nothing of its writer
  if (fs::is_regular_file(flags.model)) rules.reads.emplace_back(flags.model);
  if (!flags.out.empty()) check_output(tensor_place(flags.out).file, rules);
  for (const auto& [name, file] : features) check_output(tensor_place(file).file, rules);
  if (flags.out.empty() && features.empty() && !flags.list_features)
    throw Error(ErrorKind::usage, "nothing to do: give --out FILE, --feature NAME=FILE or --list-features");

  const at::Tensor inputs = read_tensor_file(flags.inputs).to(at::kFloat);
  if (inputs.dim() < 2 || inputs.size(0) == 0)
    throw Error(ErrorKind::usage, fmt::format("'{}' holds {}; expected a batch of inputs [N, ...]", flags.inputs,
                                              to_text(inputs.sizes().vec())));
  const Model model = model_of(flags, inputs.sizes().slice(1).vec());
  const at::Device device = device_of(device_choice(flags.device));
  model.network->to(device);
  if (flags.list_features) print_features(*model.network, inputs.to(device), output);
  if (flags.out.empty() && features.empty()) return;
  ForwardOptions options;
  for (const auto& [name, file] : features) options.taps.push_back(name);
  const Outputs outputs = infer(*model.network, inputs.to(device), options);
  if (!flags.out.empty()) write_tensor_file(flags.out, outputs.logits);
  for (const auto& [name, file] : features) write_tensor_file(file, outputs.features.at(name));
}

}  // namespace limbeck

#include "models/model.h"

#include <algorithm>
#include <cmath>

#include "core/file_format.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "core/text.h"
#include "deploy/graph_torchscript.h"
#include "deploy/onnx_network.h"
#include "models/model_files.h"
#include "models/networks.h"
#include "nn/matched_classes.h"
#include "nn/quantization.h"
#include "programs/program_network.h"
#include "programs/torchscript_file.h"
#include "recipe/reader.h"
#include "recipe/recipe.h"

namespace limbeck {
namespace {

/// The architecture from its JSON; JSON is YAML too.
Choice architecture_from(const Json& json, const std::string& where) {
  std::vector<Diagnostic> diagnostics;
  ReadContext context{network_catalogue(), diagnostics, {}};
  const Choice choice = read_choice(parse_yaml(json.dump(), where, diagnostics), "network", Slot::network, context);
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return choice;
}

std::string folding_name(Folding folding) {
  return folding == Folding::always ? "always" : folding == Folding::where_smaller ? "where_smaller" : "never";
}

Folding folding_named(const std::string& name) {
  for (const Folding folding : {Folding::never, Folding::where_smaller, Folding::always})
    if (folding_name(folding) == name) return folding;
  throw Error(fmt::format("unknown folding '{}'", name));
}

/// Throws Error where no network can be as the file says.
void check_possible(const ModelDescription& description, const fs::path& path) {
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  const std::vector<double>& deviation = description.input_options.deviation;
  const bool extents = !description.input.empty() && std::all_of(description.input.begin(), description.input.end(),
                                                                 [](int64_t extent) { return extent > 0; });
  if (!extents)
    throw Error(
        fmt::format("'{}' has unreadable metadata: its input is {}", path.string(), to_text(description.input)));
  if (description.classes.empty())
    throw Error(fmt::format("'{}' has unreadable metadata: it knows no classes", path.string()));
  if (!positive(description.scale) || !std::all_of(deviation.begin(), deviation.end(), positive))
    throw Error(fmt::format("'{}' has unreadable metadata: a scale or a deviation is not above 0", path.string()));
}

/// The network's graph. Throws Error unless it gives a number for each class: networks from outside may not.
std::unique_ptr<Graph> make_graph(const Choice& architecture, const Shape& input, int64_t classes) {
  auto graph = architecture.make<Graph, const TaskShape&>(TaskShape{input, classes});
  const Shape given = graph == nullptr || graph->nodes().empty() ? Shape{} : graph->output_shape();
  if (given != Shape{classes})
    throw Error(fmt::format("the network '{}' gives {} for inputs of {}; expected a number for each of the {} classes",
                            architecture.name(), given.empty() ? "nothing" : to_text(given), to_text(input), classes));
  return graph;
}

/// The network with all of its outputs.
std::shared_ptr<Network> whole_network_of(const ModelDescription& description, const std::string& where) {
  const Choice architecture = architecture_from(description.network, where);
  const std::vector<std::string>& outputs = description.outputs.empty() ? description.classes : description.outputs;
  const auto classes = static_cast<int64_t>(outputs.size());
  const InputOptions& input = description.input_options;
  if (!is_graph(architecture))
    return architecture.make<Network, const TaskShape&, const InputOptions&>(TaskShape{description.input, classes},
                                                                             input);
  const auto graph = make_graph(architecture, shape_after(input, description.input), classes);
  const Graph whole = fold(with_input(*graph, input, description.input), description.folding);
  return std::make_shared<GraphNetwork>(description.quantized ? quantize(whole) : whole, 0);
}

std::shared_ptr<Network> network_of(const ModelDescription& description, const std::string& where) {
  std::shared_ptr<Network> whole = whole_network_of(description, where);
  if (description.outputs.empty()) return whole;
  return match_classes(std::move(whole), description.outputs, description.classes, fmt::format("'{}'", where));
}

Model load_program_model(const fs::path& path, ProgramFormat format, const std::optional<ModelDescription>& foreign) {
  const auto extra = format == ProgramFormat::torchscript ? read_torchscript_file(path).extra : Metadata{};
  if (!extra.contains("limbeck.input") && !foreign)
    throw Error(fmt::format(
        "'{}' does not say what it was made for, as the model.pt of a stage does; say the shape of one example, "
        "e.g. --shape 3x32x32",
        path.string()));
  Model model;
  model.description = extra.contains("limbeck.input") ? description_from(extra, path) : *foreign;
  model.description.network = program_in(path, format, model.description.network);
  model.network = network_of(model.description, path.string());
  const auto classes = static_cast<size_t>(dynamic_cast<const ProgramNetwork&>(*model.network).classes());
  for (size_t label = model.description.classes.size(); label < classes; ++label)
    model.description.classes.push_back(std::to_string(label));
  return model;
}

/// What an ONNX file that Limbeck did not write is for, as far as it says it.
ModelDescription description_of(const OnnxFile& file, const fs::path& path) {
  if (std::count(file.input_shape.begin(), file.input_shape.end(), 0) > 0 || file.input_shape.empty())
    throw Error(fmt::format("the ONNX file '{}' leaves the shape of its examples open; say it, e.g. --shape 3x32x32",
                            path.string()));
  return {.network = {}, .input = file.input_shape, .classes = {}, .input_options = {}};
}

/// An ONNX file as LibTorch runs it, where there is no onnxruntime.
std::shared_ptr<Network> translated(const OnnxFile& file, const fs::path& path, const Shape& input) {
  ProgramOptions options{.file = path.string(), .output = file.outputs > 1 ? file.output : ""};
  if (file.metadata.contains(OnnxFile::kReturns)) options.returns = file.returns;
  try {
    return std::make_shared<ProgramNetwork>(ProgramFormat::onnx, options, TaskShape{input, 0}, InputOptions{});
  } catch (const Error& error) {
    const std::optional<fs::path> source = made_from(path);
    throw Error(fmt::format(
        "{}. onnxruntime, which runs all ONNX files, was not found; {}{}", error.what(), how_to_get_onnxruntime(),
        source ? fmt::format(". The file was made from '{}', which needs no other program", source->string()) : ""));
  }
}

Model load_onnx_model(const fs::path& path, const std::optional<ModelDescription>& foreign) {
  const std::string content = read_file(path);
  const OnnxFile file = parse_onnx(content, path.string());
  Model model;
  if (file.metadata.contains("limbeck.input"))
    model.description = description_from(file.metadata, path);
  else
    model.description = foreign ? *foreign : description_of(file, path);
  model.description.input_options = {};  // is done within
  for (auto label = static_cast<int64_t>(model.description.classes.size()); label < file.classes; ++label)
    model.description.classes.push_back(std::to_string(label));
  if (onnxruntime_version())
    model.network = std::make_shared<OnnxNetwork>(content, path.string(), model.description.scale);
  else
    model.network = translated(file, path, model.description.input);
  return model;
}

/// The metadata of a file of weights or of a program.
Metadata metadata_in(const fs::path& file) {
  const std::optional<ProgramFormat> format = program_format(file);
  if (!format) return read_safetensors(file).metadata;
  if (*format == ProgramFormat::torchscript) return read_torchscript_file(file).extra;
  if (*format == ProgramFormat::torch_export) return {};
  Metadata metadata = parse_onnx(read_file(file), file.string()).metadata;
  metadata.erase("limbeck.input_options");  // is done within
  return metadata;
}

/// What the file of a network's weights says that it was made for; nothing where Limbeck did not write it.
std::optional<ModelDescription> said_by_file(const NetworkRecipe& network) {
  for (const fs::path& file : weight_files(network)) {
    if (!fs::exists(file)) continue;
    const Metadata said = metadata_in(file);
    if (said.contains("limbeck.input")) return description_from(said, file);
  }
  return std::nullopt;
}

/// Throws Error where a class has another place than in the data.
void check_places(const std::vector<std::string>& classes, const Dataset& dataset, const std::string& where) {
  if (classes.size() != dataset.classes.size()) return;
  for (size_t i = 0; i < classes.size(); ++i) {
    const size_t place = static_cast<size_t>(std::find(dataset.classes.begin(), dataset.classes.end(), classes[i]) -
                                             dataset.classes.begin());
    if (place < dataset.classes.size() && place != i)
      throw Error(fmt::format("{} was made for other classes: its class {} is '{}', which is class {} of '{}'", where,
                              i, classes[i], place, dataset.name));
  }
}

/// One number for each channel, from those of the recipe.
std::vector<double> per_channel(const std::vector<double>& given, int64_t channels, const std::string& where,
                                const Dataset& dataset) {
  if (given.size() == 1) return std::vector<double>(static_cast<size_t>(channels), given[0]);
  if (static_cast<int64_t>(given.size()) == channels) return given;
  throw Error(ErrorKind::usage, fmt::format("{} has {} numbers, but the images of '{}' have {} channel{}", where,
                                            given.size(), dataset.name, channels, channels == 1 ? "" : "s"));
}

}  // namespace

bool takes_pictures(const ModelDescription& description) {
  return description.input.size() == 3 && (description.input[0] == 1 || description.input[0] == 3);
}

std::string short_description(const Choice& architecture) {
  const std::string& principal = architecture.component->info().principal;
  const Json options = resolve(architecture)[architecture.name()];
  if (!principal.empty() && options[principal].is_string())
    return architecture.name() + " " + fs::path(options[principal].get<std::string>()).filename().string();
  if (principal.empty() || !options[principal].is_array()) {
    const Json defaults = field_values(*architecture.component->default_options());
    std::string said;  // what is not as it would be anyway
    for (const auto& [key, value] : options.items())
      if (value != defaults[key]) said += fmt::format("{}{} {}", said.empty() ? " " : ", ", key, value.dump());
    return architecture.name() + said;
  }
  std::string widths;
  for (const Json& width : options[principal]) widths += (widths.empty() ? " " : "-") + width.dump();
  return architecture.name() + widths;
}

std::string short_description(const Json& network) {
  return short_description(architecture_from(network, "network"));
}

Json program_in(const fs::path& file, ProgramFormat format, const Json& network) {
  Json options = Json::object();
  if (network.is_object() && network.size() == 1 && network.front().is_object() && network.front().contains("returns"))
    options = network.front();  // how its input is given to it, and which of its outputs the logits are
  options["file"] = file.string();
  return {{network_name(format), options}};
}

std::vector<fs::path> weight_files(const NetworkRecipe& network) {
  std::vector<fs::path> files;
  if (!network.weights.empty()) files.emplace_back(network.weights);
  for (const std::string& file : files_of(network.architecture)) files.emplace_back(file);
  return files;
}

bool is_graph(const Choice& architecture) {
  return architecture.makes<Graph, const TaskShape&>();
}

bool is_foreign_program(const fs::path& file) {
  const std::optional<ProgramFormat> format = program_format(file);
  return format == ProgramFormat::torch_export ||
         (format == ProgramFormat::torchscript && !read_torchscript_file(file).extra.contains("limbeck.input"));
}

bool brings_program(const ModelDescription& description) {
  return !is_graph(architecture_from(description.network, "network"));
}

InputOptions input_of(const NetworkRecipe& network, const NormalizeRecipe& normalize, const Dataset& dataset) {
  using By = NormalizeRecipe::By;
  const Shape raw = dataset.input_shape();
  const bool says = !network.input.statistics.empty();
  ChannelStatistics chosen = network.input.statistics;
  if (!says && normalize.by == By::given) chosen = normalize.given;
  if (!says && normalize.by == By::standard) chosen = {dataset.mean, dataset.deviation};
  InputOptions input;
  if (raw.size() != 3) {
    if (network.input.empty() && chosen.empty()) return input;
    throw Error(ErrorKind::usage,
                fmt::format("network '{}': the examples of '{}' are {}, no images that could be resized and normalized",
                            network.name, dataset.name, to_text(raw)));
  }
  if (network.input.empty())
    if (const std::optional<ModelDescription> said = said_by_file(network)) return said->input_options;
  const std::vector<int64_t>& size = network.input.size;
  if (!size.empty() && Shape{raw[0], size.front(), size.back()} != raw) {
    input.height = size.front();
    input.width = size.back();
  }
  if (chosen.empty()) return input;
  const std::string where = says ? fmt::format("networks.{}.input", network.name) : "data.normalize";
  input.mean = per_channel(chosen.mean, raw[0], where + ".mean", dataset);
  input.deviation = per_channel(chosen.deviation, raw[0], where + ".std", dataset);
  const auto is_of_bytes = [](const std::vector<double>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](double x) { return x > 1; });
  };
  if (dataset.scale < 1 && is_of_bytes(input.mean) && is_of_bytes(input.deviation))
    throw Error(
        ErrorKind::usage,
        fmt::format("{0}.mean is {1:g}, and {0}.std {2:g}: pixels are from 0 to 1 here, not to 255; divide both by 255",
                    where, input.mean[0], input.deviation[0]));
  const std::vector<double> zeros(input.mean.size(), 0.0), ones(input.mean.size(), 1.0);
  if (input.mean == zeros && input.deviation == ones) input.mean = input.deviation = {};
  return input;
}

std::shared_ptr<Network> make_network(const Choice& architecture, const Dataset& dataset, uint64_t seed,
                                      const InputOptions& input, int64_t classes) {
  const Shape raw = dataset.input_shape();
  if (classes == 0) classes = static_cast<int64_t>(dataset.classes.size());
  if (!is_graph(architecture))
    return architecture.make<Network, const TaskShape&, const InputOptions&>(TaskShape{raw, classes}, input);
  const auto graph = make_graph(architecture, shape_after(input, raw), classes);
  return std::make_shared<GraphNetwork>(with_input(*graph, input, raw), seed);
}

ModelDescription describe_model(const Choice& architecture, const Dataset& dataset, const InputOptions& input) {
  return {.network = architecture ? resolve(architecture) : Json(nullptr),
          .input = dataset.input_shape(),
          .classes = dataset.classes,
          .scale = dataset.scale,
          .input_options = input};
}

Metadata metadata_of(const ModelDescription& description) {
  Metadata metadata = {{"limbeck.network", description.network.dump()},
                       {"limbeck.input", Json(description.input).dump()},
                       {"limbeck.classes", Json(description.classes).dump()},
                       {"limbeck.scale", Json(description.scale).dump()},
                       {"limbeck.folding", Json(folding_name(description.folding)).dump()}};
  if (description.quantized) metadata["limbeck.quantized"] = "true";
  if (!description.outputs.empty()) metadata["limbeck.outputs"] = Json(description.outputs).dump();
  if (!description.input_options.empty()) metadata["limbeck.input_options"] = to_json(description.input_options).dump();
  return metadata;
}

ModelDescription description_from(const Metadata& metadata, const fs::path& path) {
  const auto field = [&](const char* name) {
    const auto found = metadata.find(std::string("limbeck.") + name);
    if (found == metadata.end())
      throw Error(fmt::format(
          "'{}' does not say which network it holds (no limbeck.{} in its metadata); expected the "
          "weights.safetensors of a stage. A recipe and `distill --teacher` take others with the network's name: "
          "{{ resnet18: {{}}, weights: FILE }}",
          path.string(), name));
    try {
      return parse_json(found->second, found->first);
    } catch (const Error& problem) {
      throw Error(fmt::format("'{}' has unreadable metadata: {}", path.string(), problem.what()));
    }
  };
  try {
    ModelDescription description = {field("network"), field("input").get<Shape>(),
                                    field("classes").get<std::vector<std::string>>(), field("scale").get<double>()};
    if (metadata.contains("limbeck.folding")) description.folding = folding_named(field("folding").get<std::string>());
    if (metadata.contains("limbeck.quantized")) description.quantized = field("quantized").get<bool>();
    if (metadata.contains("limbeck.input_options"))
      description.input_options = input_options_from(field("input_options"));
    if (metadata.contains("limbeck.outputs")) description.outputs = field("outputs").get<std::vector<std::string>>();
    check_possible(description, path);
    return description;
  } catch (const Json::exception& error) {
    throw Error(fmt::format("'{}' has unreadable metadata: {}", path.string(), error.what()));
  }
}

void save_model(const fs::path& path, const Network& network, const ModelDescription& description) {
  Metadata metadata = metadata_of(description);
  metadata["format"] = "pt";
  save_tensors(path, state_of(network), metadata);
}

void save_torchscript(const fs::path& path, const Network& network, const ModelDescription& description) {
  const auto* script = dynamic_cast<const ProgramNetwork*>(&network);
  const auto* graph = dynamic_cast<const GraphNetwork*>(&network);
  if (script != nullptr) return script->save(path, metadata_of(description));
  if (graph == nullptr)
    throw Error(ErrorKind::usage,
                fmt::format("'{}' cannot be written: several networks are no one program", path.string()));
  Metadata metadata = metadata_of(description);
  metadata.erase("limbeck.input_options");  // the program prepares its input itself
  save_graph_torchscript(path, *graph, metadata);
}

Model fold(const Model& model, Folding folding) {
  const auto* network = dynamic_cast<const GraphNetwork*>(model.network.get());
  if (network == nullptr)
    throw Error(ErrorKind::usage, "a network from a file is not folded; write it to a name that ends in .pt");
  Model result = model;
  result.network = fold(*network, folding);
  result.description.folding = std::max(model.description.folding, folding);
  return result;
}

Model load_model(const fs::path& path, const std::optional<ModelDescription>& foreign) {
  if (const auto format = program_format(path); format == ProgramFormat::onnx)
    return load_onnx_model(path, foreign);
  else if (format)
    return load_program_model(path, *format, foreign);
  const LoadedTensors loaded = load_tensors(path);
  Model model;
  const bool names_network = foreign && !foreign->network.is_null();
  model.description = names_network && !loaded.metadata.contains("limbeck.network")
                          ? *foreign
                          : description_from(loaded.metadata, path);
  const fs::path program = path.parent_path() / "model.pt";
  if (brings_program(model.description) && fs::exists(program))
    model.description.network = program_in(program, ProgramFormat::torchscript, model.description.network);
  model.network = network_of(model.description, path.string());
  load_state(*model.network, loaded.tensors, fmt::format("'{}'", path.string()));
  return model;
}

Model load_as(const ModelDescription& description, const fs::path& file) {
  Model model{.description = description, .network = network_of(description, file.string())};
  if (!program_format(file)) load_weights(*model.network, file);
  return model;
}

void load_weights(Network& network, const fs::path& path) {
  const TensorMap tensors = load_tensors(path).tensors;
  for (const auto& [name, tensor] : tensors)
    if (tensor.is_floating_point() && !tensor.isfinite().all().item<bool>())
      throw Error(fmt::format("'{}': '{}' has numbers that are not finite", path.string(), name));
  load_state(network, tensors, fmt::format("'{}'", path.string()));
}

void check_fits(const Model& model, const Dataset& dataset, const std::string& where) {
  if (model.description.input != dataset.input_shape())
    throw Error(fmt::format("{} takes inputs of {}, but '{}' has {}", where, to_text(model.description.input),
                            dataset.name, to_text(dataset.input_shape())));
  if (model.description.classes.size() != dataset.classes.size())
    throw Error(fmt::format("{} knows {} classes, but '{}' has {}", where, model.description.classes.size(),
                            dataset.name, dataset.classes.size()));
  check_places(model.description.classes, dataset, where);
}

std::vector<std::string> class_names(const NetworkRecipe& network) {
  if (!network.classes_by_name) return network.classes;
  if (const std::optional<ModelDescription> said = said_by_file(network)) return said->classes;
  throw Error(ErrorKind::usage,
              fmt::format("network '{}': its file does not name its classes; write them, `classes: [cat, dog, ...]`, "
                          "in the order of its outputs",
                          network.name));
}

void check_classes(const NetworkRecipe& network, const Dataset& dataset) {
  if (network.matches_classes()) return;
  if (const std::optional<ModelDescription> said = said_by_file(network)) try {
      check_places(said->classes, dataset, fmt::format("the file of the network '{}'", network.name));
    } catch (const Error& error) {
      throw Error(ErrorKind::usage, fmt::format("{}; `classes: by_name` puts them in its order", error.what()));
    }
}

void export_torchscript(const fs::path& path, const Network& network, const ModelDescription& description) {
  const auto* script = dynamic_cast<const ProgramNetwork*>(&network);
  if (script == nullptr) return save_torchscript(path, network, description);
  Metadata metadata = metadata_of(description);
  metadata.erase("limbeck.input_options");
  script->save_with_input(path, metadata);
}

}  // namespace limbeck

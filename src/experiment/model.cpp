#include "experiment/model.h"

#include <algorithm>

#include "core/text.h"
#include "experiment/components.h"
#include "recipe/reader.h"

namespace limbeck {
namespace {

/// The architecture from its JSON; JSON is YAML too.
Choice architecture_from(const Json& json, const std::string& where) {
  std::vector<Diagnostic> diagnostics;
  ReadContext context{components(), diagnostics, {}};
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

}  // namespace

std::string short_description(const Choice& architecture) {
  const std::string& principal = architecture.component->info().principal;
  const Json options = resolved(architecture)[architecture.name()];
  if (principal.empty() || !options[principal].is_array()) return architecture.name();
  std::string widths;
  for (const Json& width : options[principal]) widths += (widths.empty() ? " " : "-") + width.dump();
  return architecture.name() + widths;
}

std::shared_ptr<GraphNetwork> make_network(const Choice& architecture, const Dataset& dataset, uint64_t seed) {
  const TaskShape task{dataset.input_shape(), static_cast<int64_t>(dataset.classes.size())};
  return std::make_shared<GraphNetwork>(std::move(*architecture.make<Graph, const TaskShape&>(task)), seed);
}

ModelDescription describe_model(const Choice& architecture, const Dataset& dataset) {
  return {resolved(architecture), dataset.input_shape(), dataset.classes, dataset.scale};
}

void save_model(const fs::path& path, const Network& network, const ModelDescription& description) {
  save_tensors(path, state_of(network),
               {{"format", "pt"},
                {"limbeck.network", description.network.dump()},
                {"limbeck.input", Json(description.input).dump()},
                {"limbeck.classes", Json(description.classes).dump()},
                {"limbeck.scale", Json(description.scale).dump()},
                {"limbeck.folding", Json(folding_name(description.folding)).dump()}});
}

Model folded(const Model& model, Folding folding) {
  Model result = model;
  result.network = folded(*model.network, folding);
  result.description.folding = std::max(model.description.folding, folding);
  return result;
}

Model load_model(const fs::path& path) {
  const LoadedTensors loaded = load_tensors(path);
  const auto field = [&](const char* name) {
    const auto found = loaded.metadata.find(std::string("limbeck.") + name);
    if (found == loaded.metadata.end())
      throw Error(fmt::format("'{}' does not say which network it holds (no limbeck.{} in its metadata); expected the "
                              "weights.safetensors of a stage", path.string(), name));
    return Json::parse(found->second);
  };
  Model model;
  try {
    model.description = {field("network"), field("input").get<Shape>(), field("classes").get<std::vector<std::string>>(),
                         field("scale").get<double>(),
                         loaded.metadata.contains("limbeck.folding") ? folding_named(field("folding").get<std::string>()) : Folding::never};
  } catch (const Json::exception& error) {
    throw Error(fmt::format("'{}' has unreadable metadata: {}", path.string(), error.what()));
  }
  const TaskShape task{model.description.input, static_cast<int64_t>(model.description.classes.size())};
  const Choice architecture = architecture_from(model.description.network, path.string());
  model.network = std::make_shared<GraphNetwork>(
      folded(*architecture.make<Graph, const TaskShape&>(task), model.description.folding), 0);
  load_state(*model.network, loaded.tensors, fmt::format("'{}'", path.string()));
  return model;
}

void load_weights(Network& network, const fs::path& path) {
  load_state(network, load_tensors(path).tensors, fmt::format("'{}'", path.string()));
}

void check_fits(const Model& model, const Dataset& dataset, const std::string& where) {
  if (model.description.input != dataset.input_shape())
    throw Error(fmt::format("{} takes inputs of {}, but '{}' has {}", where, to_text(model.description.input), dataset.name,
                            to_text(dataset.input_shape())));
  if (model.description.classes.size() != dataset.classes.size())
    throw Error(fmt::format("{} knows {} classes, but '{}' has {}", where, model.description.classes.size(), dataset.name,
                            dataset.classes.size()));
}

}  // namespace limbeck

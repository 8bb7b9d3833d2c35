// The recipe with every default spelled out, as JSON and as YAML.
#include "core/json.h"
#include "recipe/recipe.h"

namespace limbeck {
namespace {

/// The fields of a plain struct, through the same `bind` that reads them.
template <class Options>
Json fields_of(Options options) {
  OptionsOf<Options> holder(std::move(options));
  return field_values(holder);
}

Json resolve_augment(const std::vector<Choice>& augmentations) {
  if (augmentations.empty()) return "none";
  Json all = Json::object();
  for (const Choice& choice : augmentations) all.update(resolve(choice));
  return all;
}

Json resolve_weight(const WeightRecipe& weight) {
  if (weight.epochs == 0) return weight.to;
  return fields_of(weight);
}

Json resolve_examples(const ExamplesRecipe& examples) {
  Json json = fields_of(examples);
  if (examples.noise == 0) json.erase("noise");
  if (examples.extra) json.erase("extra");
  return json;
}

Json resolve_statistics(const ChannelStatistics& statistics) {
  return {{"mean", statistics.mean}, {"std", statistics.deviation}};
}

/// What is not said is left out.
Json resolve_input(const InputRecipe& input) {
  Json json = Json::object();
  if (!input.size.empty()) json["size"] = input.size;
  if (!input.statistics.empty()) json.update(resolve_statistics(input.statistics));
  return json;
}

/// The value of a kind's key: a map of its options, or the only one.
Json resolved_kind(const Choice& kind) {
  Json options = field_values(*kind.options);
  return options.size() == 1 ? *options.begin() : options;
}

bool needs_quotes(const std::string& text) {
  if (text.empty() || text == "none" || text == "true" || text == "false" || text == "null" || text == "~") return true;
  if (Json::accept(text)) return true;  // looks like a number
  if (text.find_first_of(":#{}[],&*!|>'\"%@`\n\t") != std::string::npos) return true;
  return text.front() == ' ' || text.back() == ' ' || text.front() == '-' || text.front() == '?';
}

std::string scalar_text(const Json& json) {
  if (!json.is_string()) return json.dump();
  const auto& text = json.get_ref<const std::string&>();
  if (text == "none" || !needs_quotes(text)) return text;
  return json.dump();
}

std::string flow_text(const Json& json) {
  if (!json.is_structured()) return scalar_text(json);
  std::string text = json.is_array() ? "[" : "{ ";
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    if (!first) text += ", ";
    first = false;
    if (json.is_object()) text += scalar_text(Json(key)) + ": ";
    text += flow_text(value);
  }
  return text + (json.is_array() ? "]" : " }");
}

void append_block(const Json& json, size_t indent, std::string& text) {
  const std::string margin(indent, ' ');
  for (const auto& [key, value] : json.items()) {
    const std::string head = margin + (json.is_array() ? "-" : scalar_text(Json(key)) + ":");
    const std::string flow = value.empty() && value.is_object() ? "{}" : flow_text(value);
    if (!value.is_structured() || value.empty() || head.size() + flow.size() < 110) {
      text += head + " " + flow + "\n";
    } else if (json.is_array() && value.is_object()) {
      std::string inner;
      append_block(value, indent + 2, inner);
      inner.replace(indent, 2, "- ");
      text += inner;
    } else {
      text += head + "\n";
      append_block(value, indent + 2, text);
    }
  }
}

Json resolve_plot(const PlotRecipe& plot) {
  Json json = {{"title", plot.title}, {"x_label", plot.x_label}, {"x", plot.x},        {"metric", plot.metric},
               {"split", plot.split}, {"log_x", plot.log_x},     {"log_y", plot.log_y}};
  for (const PlotRecipe::Line& line : plot.lines) {
    Json points = plot.x == "value" ? Json::object() : Json::array();
    for (const PlotRecipe::Point& point : line.points) {
      const Json shown = point.stage.empty() ? Json(point.value) : Json(point.stage);
      if (plot.x == "value")
        points[fmt::format("{}", point.x)] = shown;
      else
        points.push_back(shown);
    }
    json["lines"][line.name] = std::move(points);
  }
  return json;
}

}  // namespace

Json resolve_paper(const Recipe& recipe) {
  Json paper = Json::object();
  for (const auto& [stage, metrics] : recipe.paper) {
    for (const auto& [metric, value] : metrics) {
      const size_t dot = metric.find('.');
      if (dot == std::string::npos)
        paper[stage][metric] = value;
      else
        paper[stage][metric.substr(0, dot)][metric.substr(dot + 1)] = value;
    }
  }
  return paper;
}

Json resolve(const DataRecipe& data) {
  Json json = {{"source", resolve(data.source)},
               {"validation", data.validation},
               {"augment", resolve_augment(data.augment)},
               {"examples", resolve_examples(data.examples)}};
  if (data.extra) json["extra"] = resolve(data.extra);
  if (data.normalize.by == NormalizeRecipe::By::none) json["normalize"] = "none";
  if (data.normalize.by == NormalizeRecipe::By::given) json["normalize"] = resolve_statistics(data.normalize.given);
  return json;
}

Json resolve(const StageRecipe& stage) {
  Json json = {{"name", stage.name}};
  if (stage.kind && stage.kind.component->info().beside) {
    Json options = field_values(*stage.kind.options);
    json[stage.kind.name()] = options[stage.kind.component->info().principal];
    options.erase(stage.kind.component->info().principal);
    json.update(options);
    return json;
  }
  json["train"] = stage.network;
  json.update(fields_of(stage));
  if (!stage.initial_weights.empty()) json["initial_weights"] = stage.initial_weights;
  if (!stage.classifier.empty()) json["classifier"] = stage.classifier;
  json["augment"] = resolve_augment(stage.augment);
  json["examples"] = resolve_examples(stage.examples);
  if (stage.stop.any()) json["stop"] = fields_of(stage.stop);
  if (stage.kind) json[stage.kind.name()] = resolved_kind(stage.kind);
  if (stage.teacher) json["teacher"] = resolve(stage.teacher);
  json["loss"] = Json::array();
  for (const LossTermRecipe& term : stage.loss) {
    Json entry = resolve(term.loss);
    if (term.standardize != Standardize::none) entry[term.loss.name()].update(fields_of(term));
    entry[term.loss.name()]["weight"] = resolve_weight(term.weight);
    json["loss"].push_back(std::move(entry));
  }
  json["optimizer"] = resolve(stage.optimizer);
  json["schedule"] = resolve(stage.schedule);
  return json;
}

Json resolve(const Recipe& recipe) {
  Json json = {{"name", recipe.name}, {"seed", recipe.seed}, {"data", resolve(recipe.data)}};
  json["networks"] = Json::object();
  for (const NetworkRecipe& network : recipe.networks) {
    json["networks"][network.name] = resolve(network.architecture);
    if (!network.weights.empty()) json["networks"][network.name]["weights"] = network.weights;
    if (!network.input.empty()) json["networks"][network.name]["input"] = resolve_input(network.input);
    if (network.classes_by_name) json["networks"][network.name]["classes"] = "by_name";
    if (!network.classes.empty()) json["networks"][network.name]["classes"] = network.classes;
  }
  json["stages"] = Json::array();
  for (const StageRecipe& stage : recipe.stages) json["stages"].push_back(resolve(stage));
  if (!recipe.paper.empty()) json["paper"] = resolve_paper(recipe);
  for (const PlotRecipe& plot : recipe.plots) json["plots"].push_back(resolve_plot(plot));
  return json;
}

std::string to_yaml(const Json& json) {
  std::string text;
  append_block(json, 0, text);
  return text;
}

}  // namespace limbeck

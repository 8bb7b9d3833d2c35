#include "recipe/schema.h"

#include <algorithm>

#include "recipe/recipe.h"
#include "recipe/schema_fields.h"

namespace limbeck {
namespace {

constexpr const char* kNamePattern = "^[A-Za-z0-9_-][A-Za-z0-9_.-]*$";
constexpr const char* kNameMessage = "expected a name of letters, digits, '_', '-' and '.'";
constexpr const char* kNumberPattern = "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?$";

Json reference_to(const std::string& definition) {
  return {{"$ref", "#/definitions/" + definition}};
}

Json name_schema() {
  Json schema = text_schema();
  schema["pattern"] = kNamePattern;
  schema["errorMessage"] = kNameMessage;
  return schema;
}

/// "loss.soft_targets"
std::string definition_of(Slot slot, const std::string& name) {
  std::string words = slot_name(slot) + "." + name;
  std::replace(words.begin(), words.end(), ' ', '_');
  return words;
}

/// Summary, formula, source, and what a bare value sets.
std::string text_of(const ComponentInfo& info) {
  std::string text = info.meaning.empty() ? info.summary : info.meaning + ".\n\n" + info.summary;
  if (!info.formula.empty()) text += "\n\n" + info.formula;
  if (!info.source.empty()) text += "\n\nSource: " + info.source;
  if (!info.principal.empty() && !info.beside) text += "\n\nA bare value sets `" + info.principal + "`.";
  return with_default(text, info.standard);
}

/// Lets a bare value stand for a map in which only `principal` is given.
void allow_bare_value(Json& map, const std::string& principal) {
  for (const Json& key : map.value("required", Json::array()))
    if (key != principal) return;
  const Json value = map["properties"][principal];  // keys are added to the map
  Json types = map["type"].is_array() ? map["type"] : Json::array({map["type"]});
  if (value.contains("enum")) {
    map["anyOf"] = {{{"type", types}}, {{"enum", value["enum"]}}};
    for (const char* type : {"string", "number"}) types.push_back(type);
  } else {
    for (const Json& type : value["type"].is_array() ? value["type"] : Json::array({value["type"]}))
      types.push_back(type);
    for (const auto& [keyword, operand] : value.items())  // each is of one type, which no map has
      if (keyword != "type" && keyword != "description" && keyword != "default") map[keyword] = operand;
  }
  map["type"] = types;
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const Catalogue& catalogue) : catalogue_(catalogue) {}

  Json write() {
    OptionsOf<Recipe> recipe;
    const Json network =
        described(network_schema(), "a network of this name: its architecture, and what it starts from");
    const Json networks = {{"type", "object"},
                           {"minProperties", 1},
                           {"propertyNames", {{"pattern", kNamePattern}}},
                           {"additionalProperties", network}};
    Json map = describe_map(recipe, {{"name", name_schema()},
                                     {"data", data_schema()},
                                     {"networks", networks},
                                     {"stages", list_of(stage_schema())},
                                     {"paper", paper_schema()},
                                     {"plots", {{"type", "array"}, {"items", plot_schema()}}}});
    Json schema = {
        {"$schema", "http://json-schema.org/draft-07/schema#"},
        {"title", "Limbeck recipe"},
        {"description", "A recipe of knowledge distillation: data, networks, and the stages that train them."}};
    schema.update(map);
    schema["definitions"] = std::move(definitions_);
    return schema;
  }

 private:
  static Json list_of(const Json& item) { return {{"type", "array"}, {"minItems", 1}, {"items", item}}; }

  /// A reference to a component's options, which are defined once. `also`: further keys among them.
  Json component_schema(Slot slot, const Component& component, const Json& also = {}) {
    const ComponentInfo& info = component.info();
    const std::string name = definition_of(slot, info.name);
    if (!definitions_.contains(name)) {
      Json map = described(describe_map(*component.default_options()), text_of(info));
      map["properties"].update(also.is_null() ? Json::object() : also);
      if (!info.principal.empty()) allow_bare_value(map, info.principal);
      definitions_[name] = std::move(map);
    }
    return reference_to(name);
  }

  /// All components of a slot as the keys of a map.
  Json components_of(Slot slot, const Json& also = {}) {
    Json properties = Json::object();
    for (const auto& component : catalogue_.components(slot))
      for (const std::string& name : component->info().names())
        properties[name] = component_schema(slot, *component, also);
    return properties;
  }

  /// `sgd` or `{ sgd: { learning_rate: 0.1 } }`; `siblings`: keys that may stand beside the component's.
  Json choice_schema(Slot slot, const Json& also = {}, const Json& siblings = Json::object()) {
    Json properties = components_of(slot, also);
    Json names = Json::array(), alone = Json::array();
    for (const auto& component : catalogue_.components(slot))
      for (const std::string& name : component->info().names()) {
        alone.push_back({{"required", {name}}});
        if (may_be_empty(describe_map(*component->default_options()))) names.push_back(name);
      }
    properties.update(siblings);
    // Of maxProperties an editor's server would think that nothing can be added to an empty map.
    Json map = {{"type", "object"},
                {"properties", std::move(properties)},
                {"additionalProperties", false},
                {"oneOf", std::move(alone)}};
    return {{"anyOf", {{{"enum", std::move(names)}}, std::move(map)}}};
  }

  Json augment_schema() {
    const Json map = {
        {"type", "object"}, {"properties", components_of(Slot::augmentation)}, {"additionalProperties", false}};
    return {{"anyOf", {{{"enum", {"none", nullptr}}}, map}}};
  }

  template <class Part>
  Json section(const char* name, const PartSchemas& parts = {}) {
    OptionsOf<Part> part;
    if (!definitions_.contains(name)) definitions_[name] = describe_map(part, parts);
    return reference_to(name);
  }

  Json data_schema() {
    const Json normalize = {{"anyOf", {{{"enum", {"standard", "none"}}}, statistics_schema()}}};
    return section<DataRecipe>("data", {{"source", choice_schema(Slot::data)},
                                        {"extra", choice_schema(Slot::data)},
                                        {"augment", augment_schema()},
                                        {"examples", section<ExamplesRecipe>("examples")},
                                        {"normalize", normalize}});
  }

  /// Unlike those of a network's input they may not be left out.
  Json statistics_schema() {
    OptionsOf<ChannelStatistics> statistics;
    Json map = describe_map(statistics);
    map["type"] = "object";
    map["minProperties"] = 1;
    return map;
  }

  Json network_schema() {
    OptionsOf<NetworkRecipe> network;
    const Json names = {{"type", "array"}, {"minItems", 1}, {"items", text_schema()}};
    const Json classes = {{"anyOf", {{{"const", "by_name"}}, names}}};
    const Json map = describe_map(
        network, {{"weights", text_schema()}, {"input", section<InputRecipe>("input")}, {"classes", classes}});
    return choice_schema(Slot::network, {}, map["properties"]);
  }

  /// The keys of the kind of which a stage has a key, where they stand beside it, or those of a stage that trains.
  Json stage_schema() {
    Json schema = training_stage();
    for (const auto& component : catalogue_.components(Slot::stage)) {
      const ComponentInfo& kind = component->info();
      if (!kind.beside) continue;
      definitions_["stage." + kind.name] = stage_of_kind(*component);
      schema = {{"if", {{"required", {kind.name}}}}, {"then", reference_to("stage." + kind.name)}, {"else", schema}};
    }
    schema["type"] = "object";
    return schema;
  }

  static Json stage_of_kind(const Component& component) {
    const ComponentInfo& kind = component.info();
    Json map = describe_map(*component.default_options());
    Json properties = {{"name", described(name_schema(), "name of the stage; later stages refer to it")},
                       {kind.name, kind_key(component)}};
    for (const auto& [key, schema] : map["properties"].items())
      if (key != kind.principal) properties[key] = schema;
    map["properties"] = std::move(properties);
    Json required = {"name", kind.name};
    for (const Json& key : map.value("required", Json::array()))
      if (key != kind.principal) required.push_back(key);
    map["required"] = std::move(required);
    map["type"] = "object";
    return described(map, kind.summary);
  }

  /// The key of a kind whose options stand beside it holds the principal one.
  static Json kind_key(const Component& component) {
    const ComponentInfo& kind = component.info();
    Json map = describe_map(*component.default_options());
    Json key = described(map["properties"][kind.principal], text_of(kind));
    key["minLength"] = 1;
    return key;
  }

  Json training_stage() {
    const Json weight = weight_key();
    Json losses = choice_schema(Slot::loss, weight);
    PartSchemas parts = {{"name", name_schema()},
                         {"train", text_schema()},
                         {"teacher", teacher_schema()},
                         {"loss", list_of(losses)},
                         {"optimizer", choice_schema(Slot::optimizer)},
                         {"schedule", choice_schema(Slot::schedule)},
                         {"augment", augment_schema()},
                         {"examples", section<ExamplesRecipe>("examples")},
                         {"initial_weights", text_schema()},
                         {"classifier", text_schema()},
                         {"stop", section<StopRecipe>("stop")}};
    OptionsOf<StageRecipe> plain;
    const Json any_stage = describe_map(plain, parts);
    Json map = any_stage;
    map["properties"]["stream"]["pattern"] = fmt::format("^$|{}", kNamePattern);
    map["properties"]["stream"]["errorMessage"] = kNameMessage;
    Json conditions = Json::array({needs_teacher()});
    for (const auto& component : catalogue_.components(Slot::stage)) {
      const ComponentInfo& kind = component->info();
      map["properties"][kind.name] = kind.beside ? kind_key(*component) : component_schema(Slot::stage, *component);
      if (kind.beside) continue;
      OptionsOf<StageRecipe> of_kind;
      of_kind.kind = catalogue_.choose(Slot::stage, kind.name);
      const Json wider = describe_map(of_kind, parts)["properties"];
      for (const auto& [key, schema] : any_stage["properties"].items())
        if (schema != wider[key]) conditions.push_back(loosen(kind.name, key, schema, wider[key], map["properties"]));
      if (const Json others = excluded_by(*component); !others.empty())
        map["dependencies"][kind.name] = {{"allOf", others}};
    }
    map["allOf"] = std::move(conditions);
    definitions_["stage"] = described(map, "A stage that trains a network.");
    return reference_to("stage");
  }

  /// Where a key may have more values in a stage of a kind, such as no epochs, it has them there alone. Returns the
  /// condition under which it has only those of any stage.
  static Json loosen(const std::string& kind, const std::string& key, Json narrow, const Json& wider,
                     Json& properties) {
    narrow.erase("description");
    for (const auto& [keyword, operand] : wider.items())
      if (keyword != "description" && keyword != "default") properties[key][keyword] = operand;
    return {{"if", {{"not", {{"required", {kind}}}}}}, {"then", {{"properties", {{key, narrow}}}}}};
  }

  /// What excludes the keys of other kinds from a stage of this kind, each with its message.
  Json excluded_by(const Component& component) {
    Json conditions = Json::array();
    if (!applies(component)) return conditions;
    for (const auto& other : catalogue_.components(Slot::stage)) {
      const std::string& why = (other->info().excludes.empty() ? component : *other).info().excludes;
      if (other->info().name == component.info().name || other->info().beside || why.empty()) continue;
      const Json allowed = applies(*other) ? Json(false) : not_applying(*other, why);
      conditions.push_back({{"properties", {{other->info().name, allowed}}}, {"errorMessage", why}});
    }
    return conditions;
  }

  static bool applies(const Component& kind) {
    const auto options = kind.default_options();
    const auto* stage = dynamic_cast<const StageOptions*>(options.get());
    return stage != nullptr && stage->applies();
  }

  /// The values of a kind's key with which the stage is one without a kind: see StageOptions::applies.
  static Json not_applying(const Component& kind, const std::string& why) {
    const std::string& principal = kind.info().principal;
    const Json standard = field_values(*kind.default_options())[principal];
    return {{"if", {{"type", "object"}}},
            {"then", {{"type", "object"}, {"properties", {{principal, {{"const", standard}, {"errorMessage", why}}}}}}},
            {"else", {{"enum", {nullptr, standard}}, {"errorMessage", why}}}};
  }

  /// Without a teacher, losses that need one are refused.
  Json needs_teacher() {
    std::string names;
    Json properties = Json::object();
    for (const auto& component : catalogue_.components(Slot::loss)) {
      if (!component->info().needs_teacher) continue;
      for (const std::string& name : component->info().names()) {
        names += (names.empty() ? "" : "|") + name;
        properties[name] = false;
      }
    }
    const Json term = {{"type", {"string", "object"}},
                       {"pattern", fmt::format("^(?!({})$)", names)},
                       {"properties", properties},
                       {"errorMessage", "this loss needs a teacher; add `teacher:` to the stage"}};
    return {{"if", {{"properties", {{"teacher", {{"enum", {"none", nullptr}}}}}}}},
            {"then", {{"properties", {{"loss", {{"type", "array"}, {"items", term}}}}}}}};
  }

  /// Beside the options of every loss: a number, or a map of how the weight changes.
  Json weight_key() {
    OptionsOf<LossTermRecipe> term;
    const Json weight = {{"anyOf", {{{"type", "number"}}, section<WeightRecipe>("weight")}}};
    return describe_map(term, {{"weight", weight}})["properties"];
  }

  /// The name of a stage or network, or a teacher of another kind.
  Json teacher_schema() {
    const Json choice = choice_schema(Slot::teacher)["anyOf"];
    Json name = text_schema();
    name["type"].push_back("null");
    Json known = choice[0];
    known["enum"].push_back("none");
    return {{"anyOf", {name, known, choice[1]}}};
  }

  Json paper_schema() {
    const Json number = {{"type", "number"}};
    PartSchemas parts = {{"class_errors", {{"type", "object"}, {"additionalProperties", number}}}};
    for (const std::string& metric : evaluation_metrics()) parts[metric] = number;
    return {{"type", {"object", "null"}}, {"additionalProperties", section<PaperRecipe>("paper", parts)}};
  }

  Json plot_schema() {
    const Json stage = text_schema();
    const Json names = {{"type", {"string", "number", "boolean", "array"}}, {"items", stage}};
    const Json points = {
        {"type", "object"}, {"propertyNames", {{"pattern", kNumberPattern}}}, {"additionalProperties", stage}};
    const auto lines = [](const Json& line) {
      return Json{{"properties", {{"lines", {{"type", "object"}, {"additionalProperties", line}}}}}};
    };
    Json over_epochs = lines({{"type", {"string", "number", "boolean", "array"}}, {"maxItems", 1}});
    over_epochs["properties"]["metric"] = {{"enum", {"errors", "accuracy"}}};
    over_epochs["properties"]["split"] = {{"enum", {"train", "validation"}}};
    const auto with_x = [](const char* x) { return Json{{"properties", {{"x", {{"const", x}}}}}}; };
    Json epochs = with_x("epoch");
    epochs["required"] = {"x"};
    OptionsOf<PlotRecipe> plot;
    Json map = describe_map(plot, {{"lines", {{"type", "object"}, {"minProperties", 1}}}});
    map["allOf"] = {{{"if", with_x("value")}, {"then", lines(points)}, {"else", lines(names)}},
                    {{"if", epochs}, {"then", over_epochs}}};
    definitions_["plot"] = std::move(map);
    return reference_to("plot");
  }

  const Catalogue& catalogue_;
  Json definitions_ = Json::object();
};

}  // namespace

Json recipe_schema(const Catalogue& catalogue) {
  return SchemaWriter(catalogue).write();
}

}  // namespace limbeck

// From YAML to Recipe: reads the parts, then checks what spans them (names that must exist, losses that need a
// teacher).
#include <algorithm>

#include "core/files.h"
#include "core/json.h"
#include "core/nearest.h"
#include "recipe/parse_figures.h"
#include "recipe/reader.h"
#include "recipe/recipe.h"

namespace limbeck {
namespace {

bool is_name(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !name.empty() && name.front() != '.' && name.find_first_not_of(kAllowed) == std::string::npos;
}

/// Names become folders and keys on the command line.
void check_name(const std::string& name, const SourceLocation& where, const std::string& path, ReadContext& context) {
  if (!is_name(name))
    context.mistake(where, path, fmt::format("'{}' is not a name; expected letters, digits, '_', '-' and '.'", name));
}

class RecipeReader {
 public:
  RecipeReader(const Value& root, const Catalogue& catalogue, std::vector<Diagnostic>& diagnostics)
      : root_(root), context_{catalogue, diagnostics, {}} {}

  Recipe read() {
    MapReader reader(root_, "", context_);
    recipe_.bind(reader);
    if (const Value* name = reader.require("name"))
      if (read_text(*name, "name", context_, recipe_.name)) check_name(recipe_.name, name->where, "name", context_);
    if (const Value* data = reader.require("data")) read_data(*data);
    if (const Value* networks = reader.require("networks")) read_networks(*networks);
    if (const Value* stages = reader.require("stages")) read_stages(*stages);
    const Value *paper = reader.take("paper"), *plots = reader.take("plots");
    if (paper != nullptr) read_paper(*paper, recipe_, context_);
    if (plots != nullptr) read_plots(*plots, recipe_, context_);
    reader.finish();
    return std::move(recipe_);
  }

 private:
  void read_data(const Value& value) {
    MapReader reader(value, "data", context_);
    recipe_.data.bind(reader);
    recipe_.data.validation_where = value.where;
    if (const Value* validation = value.find("validation")) recipe_.data.validation_where = validation->where;
    if (const Value* source = reader.require("source"))
      recipe_.data.source = read_choice(*source, "data.source", Slot::data, context_);
    if (const Value* extra = reader.take("extra"))
      recipe_.data.extra = read_choice(*extra, "data.extra", Slot::data, context_);
    if (const Value* augment = reader.take("augment")) recipe_.data.augment = read_augment(*augment, "data.augment");
    if (const Value* examples = reader.take("examples"))
      recipe_.data.examples = read_examples(*examples, "data.examples");
    if (const Value* normalize = reader.take("normalize"))
      recipe_.data.normalize = read_normalize(*normalize, "data.normalize");
    reader.finish();
  }

  /// `standard`, `none`, or a map of mean and std.
  NormalizeRecipe read_normalize(const Value& value, const std::string& path) {
    NormalizeRecipe normalize;
    const bool is_word = value.kind == Value::Kind::scalar && (value.scalar == "standard" || value.scalar == "none");
    if (is_word && value.scalar == "none") normalize.by = NormalizeRecipe::By::none;
    if (is_word) return normalize;
    if (value.kind != Value::Kind::map) {
      context_.mistake(
          value.where, path,
          fmt::format("expected 'standard', 'none' or a map of 'mean' and 'std', found {}", value.description()));
      return normalize;
    }
    normalize.by = NormalizeRecipe::By::given;
    read_fields(value, path, normalize.given);
    if (normalize.given.empty()) context_.mistake(value.where, path, "the keys 'mean' and 'std' are missing");
    return normalize;
  }

  template <class Options>
  void read_fields(const Value& value, const std::string& path, Options& options) {
    MapReader reader(value, path, context_);
    options.bind(reader);
    reader.finish();
  }

  std::vector<Choice> read_augment(const Value& value, const std::string& path) {
    std::vector<Choice> augmentations;
    if (value.kind == Value::Kind::null || (value.kind == Value::Kind::scalar && value.scalar == "none"))
      return augmentations;
    if (value.kind != Value::Kind::map) {
      context_.mistake(value.where, path,
                       fmt::format("expected 'none' or a map of {}, found {}",
                                   quoted_list(context_.catalogue.names(Slot::augmentation)), value.description()));
      return augmentations;
    }
    for (const Entry& entry : value.entries)
      if (Choice choice =
              read_options(entry.key, entry.value, entry.where, path + "." + entry.key, Slot::augmentation, context_))
        augmentations.push_back(std::move(choice));
    return augmentations;
  }

  ExamplesRecipe read_examples(const Value& value, const std::string& path) {
    ExamplesRecipe examples;
    read_fields(value, path, examples);
    return examples;
  }

  void read_networks(const Value& value) {
    if (value.kind != Value::Kind::map) {
      context_.mistake(value.where, "networks", fmt::format("expected a map of names, found {}", value.description()));
      return;
    }
    std::set<std::string> siblings;
    OptionsOf<NetworkRecipe> keys;
    for (const FieldDescription& key : describe_fields(keys)) siblings.insert(key.name);
    for (const Entry& entry : value.entries) {
      const std::string path = "networks." + entry.key;
      check_name(entry.key, entry.where, path, context_);
      NetworkRecipe network;
      network.name = entry.key;
      network.architecture = read_choice(entry.value, path, Slot::network, context_, nullptr, siblings);
      if (const Value* weights = entry.value.find("weights"))
        read_text(*weights, path + ".weights", context_, network.weights);
      if (const Value* input = entry.value.find("input")) read_fields(*input, path + ".input", network.input);
      if (const Value* classes = entry.value.find("classes")) read_classes(*classes, path + ".classes", network);
      recipe_.networks.push_back(std::move(network));
    }
    if (value.entries.empty()) context_.mistake(value.where, "networks", "no networks; expected at least one");
  }

  void read_classes(const Value& value, const std::string& path, NetworkRecipe& network) {
    network.classes_by_name = value.kind == Value::Kind::scalar && value.scalar == "by_name";
    if (network.classes_by_name) return;
    if (value.kind != Value::Kind::sequence || value.items.empty())
      return context_.mistake(
          value.where, path,
          fmt::format("expected by_name, or a list of the names of its classes, found {}", value.description()));
    for (const Value& item : value.items) read_text(item, path, context_, network.classes.emplace_back());
  }

  void read_stages(const Value& value) {
    if (value.kind != Value::Kind::sequence || value.items.empty()) {
      context_.mistake(
          value.where, "stages",
          fmt::format("expected a list of stages, found {}", value.items.empty() ? "none" : value.description()));
      return;
    }
    for (size_t i = 0; i < value.items.size(); ++i) read_stage(value.items[i], fmt::format("stages[{}]", i));
  }

  void read_stage(const Value& value, const std::string& path) {
    MapReader reader(value, path, context_);
    StageRecipe stage;
    stage.where = value.where;
    stage.bind_parts(reader);
    const auto kinds = context_.catalogue.components(Slot::stage);
    for (const auto& kind : kinds) reader.part(kind->info().name.c_str(), "", "", "");
    if (const Value* name = reader.require("name"))
      if (read_text(*name, path + ".name", context_, stage.name)) check_stage_name(*name, path + ".name", stage.name);
    std::vector<std::pair<std::shared_ptr<const Component>, const Value*>> chosen;
    for (const auto& kind : kinds)
      if (const Value* options = reader.take(kind->info().name)) chosen.emplace_back(kind, options);
    const auto beside =
        std::find_if(chosen.begin(), chosen.end(), [](const auto& it) { return it.first->info().beside; });
    if (beside != chosen.end())
      read_kind_beside(value, *beside->first, *beside->second, path, stage);
    else
      read_training(value, chosen, path, reader, stage);
    recipe_.stages.push_back(std::move(stage));
  }

  using ChosenKinds = std::vector<std::pair<std::shared_ptr<const Component>, const Value*>>;

  /// A stage whose kind's options stand beside its key, and no other keys.
  void read_kind_beside(const Value& stage_map, const Component& kind, const Value& principal, const std::string& path,
                        StageRecipe& stage) {
    const std::string &own = kind.info().name, &principal_name = kind.info().principal;
    MapReader keys(stage_map, path, context_);  // tells the keys that are none of the kind's
    Value options = stage_map;
    options.entries.clear();
    const auto take = [&](const std::string& key, const std::string& option) {
      keys.part(key.c_str(), "", "", "");
      if (const Value* value = keys.take(key); value != nullptr && !option.empty())
        options.entries.push_back({option, value->where, *value});
    };
    take("name", "");
    take(own, principal_name);
    for (const FieldDescription& field : describe_fields(*kind.default_options()))
      if (field.name != principal_name) take(field.name, field.name);
    keys.finish();
    if (principal.kind == Value::Kind::scalar && principal.scalar.empty())
      context_.mistake(principal.where, path + "." + own,
                       fmt::format("expected a {}, found nothing", kind.info().form));
    stage.kind = read_kind_options(kind, options, principal.where, path, path + "." + own);
    check_kind(stage, principal, path);
  }

  /// Lets the kind's options tell what is wrong with them, or with the stage.
  void check_kind(StageRecipe& stage, const Value& value, const std::string& stage_path) {
    class Check : public StageCheck {
     public:
      Check(RecipeReader& reader, const StageRecipe& stage, const Value& value, std::string stage_path)
          : reader_(reader), stage_(stage), value_(value), stage_path_(std::move(stage_path)) {}
      const Recipe& recipe() const override { return reader_.recipe_; }
      void mistake(const std::string& key, const std::string& message) override {
        reader_.context_.mistake(value_.where, path_of(key), message);
      }
      void require_stage(const std::string& key, const std::string& name) override {
        check_stage(reader_.recipe_, name, value_.where, path_of(key), reader_.context_);
      }
      void require_validation(const char* what) override {
        reader_.require_validation(value_.where, stage_path_, what);
      }
      void require_start(const std::string& key, const std::string& of, const char* what) override {
        reader_.check_start(value_, path_of(key), stage_, of, what);
      }

     private:
      std::string path_of(const std::string& key) const {
        return stage_path_ + "." + stage_.kind.name() + (key.empty() ? "" : "." + key);
      }
      RecipeReader& reader_;
      const StageRecipe& stage_;
      const Value& value_;
      std::string stage_path_;
    };
    Check check(*this, stage, value, stage_path);
    const auto* options = dynamic_cast<const StageOptions*>(stage.kind.options.get());
    if (options != nullptr) options->check(stage, check);
  }

  /// Of several kinds' keys, each says why it stands alone; the first is read.
  void read_kind(const ChosenKinds& chosen, const std::string& path, StageRecipe& stage) {
    ChosenKinds applying;
    for (const auto& [kind, value] : chosen) {
      const std::string& name = kind->info().name;
      const std::string own = path + "." + name;
      Choice choice = read_kind_options(*kind, *value, value->where, own, value->kind == Value::Kind::map ? "" : own);
      for (const Reference& reference : context_.references) check_reference(reference);
      const auto* options = dynamic_cast<const StageOptions*>(choice.options.get());
      if (options == nullptr || !options->applies()) continue;
      applying.emplace_back(kind, value);
      if (applying.size() == 1) stage.kind = std::move(choice);
    }
    for (size_t i = 0; applying.size() > 1 && i < applying.size(); ++i)
      if (const std::string& message = applying[i].first->info().excludes; !message.empty())
        context_.mistake(applying[i].second->where, path + "." + applying[i].first->info().name, message);
    if (!applying.empty()) check_part_names(stage, *applying.front().second, path + "." + stage.kind.name());
  }

  /// `told_as`: the path at which mistakes of the principal option are told, where it has no key of its own; empty: it
  /// has.
  Choice read_kind_options(const Component& kind, const Value& options, const SourceLocation& where,
                           const std::string& path, const std::string& told_as) {
    context_.references.clear();
    const size_t before = context_.diagnostics.size();
    Choice choice = read_options(kind.info().name, options, where, path, Slot::stage, context_);
    const std::string principal = path + "." + kind.info().principal;
    if (told_as.empty()) return choice;
    for (size_t i = before; i < context_.diagnostics.size(); ++i)
      if (context_.diagnostics[i].path == principal) context_.diagnostics[i].path = told_as;
    for (Reference& reference : context_.references)
      if (reference.path == principal) reference.path = told_as;
    return choice;
  }

  /// No earlier stage may be called as a part of this one will be.
  void check_part_names(const StageRecipe& stage, const Value& value, const std::string& path) {
    for (const StageRecipe& earlier : recipe_.stages)
      if (is_part(stage, earlier.name))
        context_.mistake(value.where, path,
                         fmt::format("'{}' is the name of an earlier stage, and of a part of this one", earlier.name));
  }

  /// A stage that trains a network.
  void read_training(const Value& value, const ChosenKinds& kinds, const std::string& path, MapReader& reader,
                     StageRecipe& stage) {
    if (const Value* train = reader.require("train"))
      if (read_text(*train, path + ".train", context_, stage.network)) check_network(*train, path + ".train");
    read_kind(kinds, path, stage);
    const StageForm form = stage.form();
    if (form.least_epochs == 0) stage.epochs = 0;
    const Value* initial = reader.take("initial_weights");
    const Value* classifier = reader.take("classifier");
    stage.bind(reader);
    if (const Value* stream = value.find("stream"); stream != nullptr && !stage.stream.empty())
      check_name(stage.stream, stream->where, path + ".stream", context_);
    if (stage.stream.empty()) stage.stream = stage.name;
    if (const Value* stop = reader.take("stop")) read_stop(*stop, path + ".stop", stage);
    const Value* augment = reader.take("augment");
    stage.augment = augment == nullptr ? recipe_.data.augment : read_augment(*augment, path + ".augment");
    const Value* examples = reader.take("examples");
    stage.examples = examples == nullptr ? recipe_.data.examples : read_examples(*examples, path + ".examples");
    if (const Value* teacher = reader.take("teacher")) read_teacher(*teacher, path + ".teacher", stage);
    if (stage.kind && recipe_.network(stage.network) != nullptr)
      check_kind(stage, *value.find(stage.kind.name()), path);
    if (!form.source.empty()) stage.inputs.push_back(form.source);
    if (initial != nullptr) read_initial_weights(*initial, path + ".initial_weights", stage);
    if (classifier != nullptr && read_text(*classifier, path + ".classifier", context_, stage.classifier)) {
      check_reference({stage.classifier, classifier->where, path + ".classifier"});
      if (stage.form().members > 0)
        context_.mistake(classifier->where, path + ".classifier",
                         "a stage that trains several networks cannot be given a classifier");
      stage.inputs.push_back(stage.classifier);
    }
    const Value* loss = reader.take("loss");
    if (loss != nullptr)
      read_loss(*loss, path + ".loss", stage);
    else
      stage.loss = default_loss(stage);
    const Value* optimizer = reader.take("optimizer");
    stage.optimizer = optimizer == nullptr ? context_.catalogue.choose(Slot::optimizer, "sgd")
                                           : read_choice(*optimizer, path + ".optimizer", Slot::optimizer, context_);
    const Value* schedule = reader.take("schedule");
    stage.schedule = schedule == nullptr ? context_.catalogue.choose(Slot::schedule, "cosine")
                                         : read_choice(*schedule, path + ".schedule", Slot::schedule, context_);
    reader.finish();
  }

  void read_stop(const Value& value, const std::string& path, StageRecipe& stage) {
    MapReader reader(value, path, context_);
    stage.stop.bind(reader);
    reader.finish();
    if (stage.stop.epoch > stage.epochs)
      context_.mistake(value.where, path,
                       fmt::format("epoch {} is past the stage's {} epochs", stage.stop.epoch, stage.epochs));
    if (stage.stop.patience > 0) require_validation(value.where, path, "patience");
  }

  void require_validation(const SourceLocation& where, const std::string& path, const char* what) {
    if (recipe_.data.validation == 0)
      context_.mistake(where, path,
                       fmt::format("{} looks at the validation split, and nothing is held out for it; set "
                                   "data.validation",
                                   what));
  }

  void check_stage_name(const Value& value, const std::string& path, const std::string& name) {
    check_name(name, value.where, path, context_);
    if (const StageRecipe* owner = recipe_.stage_of(name); owner != nullptr && owner->name != name)
      context_.mistake(value.where, path,
                       owner->form().members_teach && owner->form().members > 0
                           ? fmt::format("'{}' is the name of a replica of an earlier stage", name)
                           : fmt::format("'{}' can be the name of a part of the stage '{}'", name, owner->name));
    if (recipe_.stage(name) != nullptr) context_.mistake(value.where, path, fmt::format("a second stage '{}'", name));
  }

  void check_network(const Value& value, const std::string& path) {
    std::vector<std::string> names;
    for (const NetworkRecipe& network : recipe_.networks) names.push_back(network.name);
    const NetworkRecipe* network = recipe_.network(value.scalar);
    if (network != nullptr && network->matches_classes())
      context_.mistake(value.where, path,
                       fmt::format("the network '{}' has `classes`, which are of a network that teaches; one that is "
                                   "trained has those of the data",
                                   network->name));
    if (network == nullptr)
      context_.mistake(value.where, path,
                       fmt::format("no network '{}'{}", value.scalar, suggestion(value.scalar, names)));
  }

  /// `teacher: NAME` is a network teacher; `teacher: { KIND: options }` any other.
  void read_teacher(const Value& value, const std::string& path, StageRecipe& stage) {
    if (value.kind == Value::Kind::null || (value.kind == Value::Kind::scalar && value.scalar == "none")) return;
    context_.references.clear();
    const bool names_one = recipe_.stage(value.scalar) != nullptr || recipe_.network(value.scalar) != nullptr ||
                           context_.catalogue.find(Slot::teacher, value.scalar) == nullptr;
    const bool bare = value.kind == Value::Kind::scalar && names_one;
    stage.teacher = bare ? read_options("network", value, value.where, path, Slot::teacher, context_)
                         : read_choice(value, path, Slot::teacher, context_);
    for (const Reference& reference : context_.references) {
      check_reference(reference);
      stage.teachers.push_back(reference.name);
    }
    stage.inputs = stage.teachers;
  }

  void read_initial_weights(const Value& value, const std::string& path, StageRecipe& stage) {
    if (!read_text(value, path, context_, stage.initial_weights)) return;
    check_reference({stage.initial_weights, value.where, path});
    check_start(value, path, stage, stage.initial_weights, "the stage begins");
    if (!stage.form().source.empty())
      context_.mistake(value.where, path,
                       "the stage begins with other weights already: those of what it rounds, or of the generalist");
    else if (stage.form().members > 0)
      context_.mistake(value.where, path,
                       "replicas differ in their initial weights; a stage with replicas cannot be given them");
    stage.inputs.push_back(stage.initial_weights);
  }

  /// That a stage can begin with the weights of `of`: one network of the same form, not quantized.
  void check_start(const Value& value, const std::string& path, const StageRecipe& stage, const std::string& of,
                   const char* what) {
    const StageRecipe* source = recipe_.stage(of);
    const bool whole_stage = source != nullptr;
    if (!whole_stage) source = stage_with_member(of);
    if (source != nullptr && !source->network.empty() && source->network != stage.network)
      context_.mistake(value.where, path,
                       fmt::format("{} with the weights of '{}', which is a '{}' and no '{}'", what, of,
                                   source->network, stage.network));
    const NetworkRecipe *given = recipe_.network(of), *trained = recipe_.network(stage.network);
    if (source == nullptr && given != nullptr && trained != nullptr && given->architecture && trained->architecture &&
        resolve(given->architecture) != resolve(trained->architecture))
      context_.mistake(
          value.where, path,
          fmt::format("{} with the weights of '{}', which has another form than '{}'", what, of, stage.network));
    const StageForm form = source == nullptr ? StageForm() : source->form();
    if (whole_stage && form.members > 0)
      context_.mistake(value.where, path,
                       fmt::format("'{}' is several networks; {} with the weights of one", of, what));
    if (form.quantized)
      context_.mistake(
          value.where, path,
          fmt::format("'{}' is quantized already; {} with what it was made from, '{}'", of, what, form.source));
  }

  /// The earlier stage of whose members one has this name, and may be referred to; nullptr where there is none.
  const StageRecipe* stage_with_member(const std::string& name) const {
    const StageRecipe* stage = recipe_.stage_of(name);
    return stage != nullptr && stage->name != name && stage->form().members > 0 && stage->form().members_teach
               ? stage
               : nullptr;
  }

  /// A reference names an earlier stage, one of its replicas, or a network that has weights.
  void check_reference(const Reference& reference) {
    if (recipe_.stage(reference.name) != nullptr || stage_with_member(reference.name) != nullptr) return;
    const NetworkRecipe* network = recipe_.network(reference.name);
    if (network != nullptr && network->has_weights()) return;
    if (network != nullptr) {
      context_.mistake(reference.where, reference.path,
                       fmt::format("the network '{}' has no weights; name a stage that trains it, or give it weights",
                                   reference.name));
      return;
    }
    std::vector<std::string> names;
    for (const StageRecipe& stage : recipe_.stages) names.push_back(stage.name);
    for (const NetworkRecipe& candidate : recipe_.networks)
      if (candidate.has_weights()) names.push_back(candidate.name);
    context_.mistake(reference.where, reference.path,
                     fmt::format("no earlier stage '{}'{}", reference.name, suggestion(reference.name, names)));
  }

  /// Hard labels without a teacher; with one, the paper's weighted average with a considerably lower weight on the
  /// hard labels.
  std::vector<LossTermRecipe> default_loss(const StageRecipe& stage) const {
    const auto term = [&](const char* name, double weight) {
      return LossTermRecipe{context_.catalogue.choose(Slot::loss, name), {.from = weight, .to = weight}};
    };
    if (!stage.teacher) return {term("hard_labels", 1.0)};
    return {term("soft_targets", 0.9), term("hard_labels", 0.1)};
  }

  void read_loss(const Value& value, const std::string& path, StageRecipe& stage) {
    if (value.kind != Value::Kind::sequence || value.items.empty()) {
      context_.mistake(value.where, path,
                       fmt::format("expected a list of losses such as '- hard_labels', found {}",
                                   value.items.empty() ? "none" : value.description()));
      return;
    }
    for (size_t i = 0; i < value.items.size(); ++i) {
      const Value& item = value.items[i];
      const std::string item_path = fmt::format("{}[{}]", path, i);
      LossTermRecipe term;
      const auto read_weight = [&](MapReader& reader) {
        term.bind(reader);
        if (const Value* weight = reader.take("weight"))
          term.weight = read_term_weight(*weight, reader.path_of("weight"));
      };
      term.loss = read_choice(item, item_path, Slot::loss, context_, read_weight);
      if (!term.loss) continue;
      if (term.loss.component->info().needs_teacher && !stage.teacher)
        context_.mistake(item.where, item_path,
                         fmt::format("'{}' needs a teacher; add `teacher:` to the stage", term.loss.name()));
      if (term.loss.component->info().needs_community && !stage.form().together)
        context_.mistake(item.where, item_path,
                         fmt::format("'{}' needs networks that are trained together; add `replicas: {{ count: "
                                     "N, together: true }}` to the stage",
                                     term.loss.name()));
      stage.loss.push_back(std::move(term));
    }
  }

  WeightRecipe read_term_weight(const Value& value, const std::string& path) {
    WeightRecipe weight;
    if (value.kind == Value::Kind::scalar) {
      if (read_number(value, path, any_number(), context_, weight.to)) weight.from = weight.to;
      return weight;
    }
    MapReader reader(value, path, context_);
    weight.bind(reader);
    reader.finish();
    return weight;
  }

  const Value& root_;
  ReadContext context_;
  Recipe recipe_;
};

/// Throws DiagnosticsError where the text is no map; other mistakes, such as a key that stands there twice, are added.
Value parse_map(const std::string& text, const std::string& file, std::vector<Diagnostic>& diagnostics) {
  Value root = parse_yaml(text, file, diagnostics);
  if (root.kind == Value::Kind::map) return root;
  if (diagnostics.empty())
    diagnostics.push_back({{file, 1, 1}, "", fmt::format("expected a recipe, found {}", root.description())});
  throw DiagnosticsError(diagnostics);
}

}  // namespace

void check_recipe_file(const std::string& file) {
  std::vector<Diagnostic> told_by_parse_recipe;
  parse_map(read_file(file), file, told_by_parse_recipe);
}

Recipe parse_recipe(const std::string& text, const std::string& file, const std::vector<std::string>& settings,
                    const Catalogue& catalogue) {
  std::vector<Diagnostic> diagnostics;
  Value root = parse_map(text, file, diagnostics);
  for (const std::string& setting : settings) apply_setting(root, setting, diagnostics);
  Recipe recipe = RecipeReader(root, catalogue, diagnostics).read();
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return recipe;
}

}  // namespace limbeck

#pragma once
// The catalogue of components available to recipes: losses, networks, datasets, teachers, optimizers, schedules and
// augmentations, each with its options and documentation. Each component is registered by a function in its own file;
// those from outside by add_components (components.h).
//
//   catalogue.add<Loss, SoftTargetsOptions>(
//       Slot::loss, {.name = "soft_targets", .summary = "…", .formula = "…", .source = "Hinton et al. 2015"},
//       [](const SoftTargetsOptions& options) { return std::make_unique<SoftTargets>(options); });
//
// Thread-safety: one thread while a catalogue is filled; several may read it afterwards.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "limbeck/error.h"
#include "limbeck/fields.h"

namespace limbeck LIMBECK_API {

/// The kinds of registered components, by their place in a recipe.
enum class Slot { data, augmentation, network, loss, teacher, optimizer, schedule, stage };

/// "loss", "network", …
std::string slot_name(Slot slot);

struct ComponentInfo {
  /// The name, then the aliases.
  std::vector<std::string> names() const;

  std::string name;                       ///< the key in the recipe
  std::vector<std::string> aliases = {};  ///< further names that the field uses: "sp"
  std::string summary;                    ///< one sentence
  std::string formula;                    ///< may be empty
  std::string source;                     ///< paper or web page
  std::string principal;                  ///< the field that a bare value sets: `shift: 2` is `shift: { pixels: 2 }`
  bool needs_teacher = false;             ///< losses: reads the teacher's outputs
  bool needs_community = false;           ///< losses: reads the outputs of networks trained jointly
  bool brings_weights = false;            ///< networks: pretrained, can teach without being trained by a stage
  std::string form = {};                  ///< stages: type of the key's value, "stage, network or map"
  std::string standard = {};              ///< stages: default if the key is absent
  std::string meaning = {};               ///< stages: description of the key
  std::string excludes = {};              ///< stages: error message if another kind's key is present too
  bool beside = false;  ///< stages: options are keys beside this key; a stage's other keys are not allowed
};

/// A component's options, independent of their type.
class OptionSet {
 public:
  virtual ~OptionSet() = default;
  virtual void bind(Fields& fields) = 0;
  virtual std::shared_ptr<OptionSet> copy() const = 0;
};

/// The options as an OptionSet; a dynamic_cast finds a base class that several components' options share.
template <class Options>
class OptionsOf : public OptionSet, public Options {
 public:
  OptionsOf() = default;
  explicit OptionsOf(Options options) : Options(std::move(options)) {}
  void bind(Fields& fields) override { Options::bind(fields); }
  std::shared_ptr<OptionSet> copy() const override { return std::make_shared<OptionsOf>(*this); }
};

/// Options of a component without options.
struct NoOptions {
  void bind(Fields&) {}
};

class Component {
 public:
  explicit Component(ComponentInfo info) : info_(std::move(info)) {}
  virtual ~Component() = default;
  const ComponentInfo& info() const { return info_; }
  virtual std::shared_ptr<OptionSet> default_options() const = 0;

 private:
  ComponentInfo info_;
};

/// A component that creates Products from its options and further arguments (Context).
template <class Product, class... Context>
class Maker : public Component {
 public:
  using Component::Component;
  virtual std::unique_ptr<Product> make(const OptionSet& options, Context... context) const = 0;
};

/// A component selected in a recipe, with its options.
struct Choice {
  std::shared_ptr<const Component> component;
  std::shared_ptr<OptionSet> options;
  SourceLocation where;

  explicit operator bool() const { return component != nullptr; }
  const std::string& name() const { return component->info().name; }

  /// Whether it was registered with this Product and Context.
  template <class Product, class... Context>
  bool makes() const {
    return dynamic_cast<const Maker<Product, Context...>*>(component.get()) != nullptr;
  }

  /// Creates the product. Product and Context must be those with which the component was registered; throws Error
  /// otherwise.
  template <class Product, class... Context>
  std::unique_ptr<Product> make(Context... context) const {
    const auto* maker = dynamic_cast<const Maker<Product, Context...>*>(component.get());
    if (maker == nullptr) throw Error("'" + name() + "' cannot be used here");
    return maker->make(*options, context...);
  }
};

class Catalogue {
 public:
  /// Registers a component. `make` is callable as make(const Options&, Context…) → unique_ptr<Product>.
  template <class Product, class Options, class... Context, class Make>
  void add(Slot slot, ComponentInfo info, Make make) {
    class Registered : public Maker<Product, Context...> {
     public:
      Registered(ComponentInfo info, Make make) : Maker<Product, Context...>(std::move(info)), make_(std::move(make)) {}
      std::shared_ptr<OptionSet> default_options() const override { return std::make_shared<OptionsOf<Options>>(); }
      std::unique_ptr<Product> make(const OptionSet& options, Context... context) const override {
        return make_(dynamic_cast<const Options&>(options), context...);
      }

     private:
      Make make_;
    };
    insert(slot, std::make_shared<Registered>(std::move(info), std::move(make)));
  }

  /// Registers the components of another catalogue. Throws Error if a name is taken.
  void add(const Catalogue& other);

  /// Finds a component by its name or an alias; returns nullptr if none is registered.
  std::shared_ptr<const Component> find(Slot slot, const std::string& name) const;
  std::vector<std::string> names(Slot slot) const;
  std::vector<std::shared_ptr<const Component>> components(Slot slot) const;
  /// Returns a component with its default options. Throws Error for an unknown name.
  Choice choose(Slot slot, const std::string& name) const;

 private:
  void insert(Slot slot, std::shared_ptr<const Component> component);
  std::map<Slot, std::map<std::string, std::shared_ptr<const Component>>> components_;
  std::map<Slot, std::map<std::string, std::string>> aliases_;  ///< names, by alias
};

}  // namespace LIMBECK_API

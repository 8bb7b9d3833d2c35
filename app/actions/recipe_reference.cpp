#include "app/actions/recipe_reference.h"

#include <cctype>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "app/commands/list.h"
#include "experiment/components.h"
#include "recipe/recipe.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

constexpr size_t kReferenceWidth = 120;

constexpr const char* kReferenceHead = R"(# Recipe reference

<!-- Generated. After a change of a key or a component: limbeck list --markdown > docs/reference.md -->

Every key that a recipe can have, and every component that can stand in it: losses, networks, data sets, augmentations,
teachers, optimizers, schedules. Each key has its type, the values that are allowed, its default and its meaning. A key
without a default is required. `limbeck list NAME` prints one entry in the terminal.

)";

/// What a slot of a recipe is for, and an example of it.
struct SlotPage {
  const char* title;
  const char* about;
  const char* example;
};

const SlotPage& page_of(Slot slot) {
  static const std::map<Slot, SlotPage> kPages = {
      {Slot::loss,
       {"Losses", "The training objective of a stage is a weighted sum of losses, `stages[].loss`.",
        R"(- name: student
  train: small
  teacher: teacher
  loss:
    - soft_targets: { temperature: 4, weight: 0.9 }
    - hard_labels: { weight: 0.1 }
)"}},
      {Slot::network,
       {"Networks", "The architecture of a teacher or a student, `networks.NAME`.",
        R"(networks:
  large: { mlp: { hidden: [800, 800], dropout: { input: 0.1, hidden: 0.3 } } }
  small: { mlp: [32, 32] }
)"}},
      {Slot::data, {"Data sets", "Training and test examples, `data.source`.", R"(data:
  source: { digits: { train: 20000 } }
  validation: 2000
)"}},
      {Slot::teacher,
       {"Teachers",
        "Where the soft targets of a stage come from, `stages[].teacher`. The name of an earlier stage, or of a "
        "network "
        "with weights, is short for `{ network: { of: NAME } }`.",
        R"(- { name: student, train: small, teacher: teacher }
- { name: two_views, train: small, augment: { shift: 2 }, teacher: { network: { of: teacher, views: 2 } } }
)"}},
      {Slot::optimizer,
       {"Optimizers", "How gradients change the weights, `stages[].optimizer`.",
        R"(- { name: student, train: small, optimizer: { sgd: { learning_rate: 0.05, momentum: 0.9 } } }
)"}},
      {Slot::schedule,
       {"Learning rate schedules", "How the learning rate changes over the epochs of a stage, `stages[].schedule`.",
        R"(- { name: student, train: small, schedule: { cosine: { warmup_epochs: 5 } } }
)"}},
      {Slot::augmentation,
       {"Augmentations",
        "Random changes of the training images, one after the other in the order in which they stand: `data.augment`, "
        "`stages[].augment`.",
        R"(- { name: student, train: small, augment: { shift: 2, rotation: 10 } }
)"}}};
  return kPages.at(slot);
}

/// Plain text as Markdown: what would be markup there is escaped.
std::string escape_markdown(std::string_view text) {
  std::string out;
  bool code = false;
  for (const char c : text) {
    if (c == '`') code = !code;
    if (!code && (c == '*' || c == '<' || c == '[')) out += '\\';
    out += c;
  }
  return out;
}

std::string paragraph(const std::string& text, size_t indent = 0) {
  return wrap(text, kReferenceWidth, indent) + "\n";
}

std::string entry(const FieldDescription& field) {
  std::string facts = field.type;
  if (!field.allowed.empty()) facts += ", " + field.allowed;
  facts += field.default_value.empty() ? ", **required**" : ", default `" + field.default_value + "`";
  return paragraph(fmt::format("- `{}` ({}): {}", field.name, facts, escape_markdown(field.meaning)), 2);
}

std::string entries(const std::vector<FieldDescription>& fields) {
  std::string text;
  for (const FieldDescription& field : fields) text += entry(field);
  return text.empty() ? "No options.\n" : text;
}

std::string sections() {
  std::string text = "## Sections and keys\n\n";
  for (const RecipeSection& section : recipe_sections(components())) {
    text += fmt::format("### `{}`\n\n", section.where.empty() ? section.name : section.where);
    text += paragraph(escape_markdown(section.summary)) + "\n" + entries(section.keys) + "\n";
  }
  return text;
}

std::string documentation_of(const Component& component) {
  const ComponentInfo& info = component.info();
  std::string text = fmt::format("### `{}`\n\n{}", info.name, paragraph(escape_markdown(info.summary)));
  if (!info.formula.empty()) text += "\n```\n" + paragraph(info.formula, 2) + "```\n";
  if (!info.source.empty()) text += "\n" + paragraph("Source: " + escape_markdown(info.source));
  if (!info.aliases.empty()) {
    std::string names;
    for (const std::string& alias : info.aliases) names += (names.empty() ? "`" : ", `") + alias + "`";
    text += "\n" + paragraph("Also: " + names + ".");
  }
  if (!info.principal.empty()) text += "\n" + paragraph(fmt::format("A bare value sets `{}`.", info.principal));
  return text + "\n" + entries(describe_fields(*component.default_options())) + "\n";
}

std::string components_of(Slot slot) {
  const SlotPage& page = page_of(slot);
  std::string text = fmt::format("## {}\n\n{}\n```yaml\n{}```\n\n", page.title, paragraph(page.about), page.example);
  for (const auto& component : components().components(slot)) text += documentation_of(*component);
  return text;
}

/// A list of links to the headings; GitHub makes a heading's address of its lower-case words.
std::string contents() {
  std::string text = "- [Sections and keys](#sections-and-keys)\n";
  for (const auto& [kind, slot] : component_kinds()) {
    const std::string title = page_of(slot).title;
    std::string address;
    for (const char c : title) address += c == ' ' ? '-' : static_cast<char>(std::tolower(c));
    std::string names;
    for (const std::string& name : components().names(slot)) names += (names.empty() ? "" : ", ") + name;
    text += paragraph(fmt::format("- [{}](#{}): {}", title, address, names), 2);
  }
  return text + "\n";
}

}  // namespace

std::string recipe_reference() {
  std::string text = kReferenceHead + contents() + sections();
  for (const auto& [kind, slot] : component_kinds()) text += components_of(slot);
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace limbeck

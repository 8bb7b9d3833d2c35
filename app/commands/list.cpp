// limbeck list [KIND|NAME]
#include "app/commands/list.h"

#include <fmt/ranges.h>

#include "app/command_tree.h"
#include "app/commands.h"

namespace limbeck {

const std::vector<std::pair<std::string, Slot>>& component_kinds() {
  static const std::vector<std::pair<std::string, Slot>> kinds = {{"losses", Slot::loss},
                                                                  {"networks", Slot::network},
                                                                  {"data", Slot::data},
                                                                  {"teachers", Slot::teacher},
                                                                  {"optimizers", Slot::optimizer},
                                                                  {"schedules", Slot::schedule},
                                                                  {"augmentations", Slot::augmentation}};
  return kinds;
}

void add_list(Program& program) {
  CLI::App* command =
      add_command(program, "list", "List keys and components of recipes, with formula, options and source");
  auto flags = std::make_shared<ListFlags>();
  std::vector<std::string> kinds = {"recipe", "stages"};
  for (const auto& [name, slot] : component_kinds()) kinds.push_back(name);
  command
      ->add_option("what", flags->what,
                   fmt::format("a kind ({}), one of them, or a key; nothing: what there is", fmt::join(kinds, ", ")))
      ->check(such_as(kinds))
      ->option_text("NAME");
  command
      ->add_flag("--markdown", flags->markdown,
                 "print the whole recipe reference as Markdown, as it stands in docs/reference.md")
      ->excludes("what");
  command
      ->add_flag("--json-schema", flags->schema,
                 "print the JSON Schema of recipes, with which editors complete keys and mark mistakes")
      ->excludes("what")
      ->excludes("--markdown");
  command->callback([=, &program] { program.act(&Actions::list, *flags); });
}

}  // namespace limbeck

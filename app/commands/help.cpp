// limbeck help [COMMAND] | help --man
#include "app/help.h"
#include "app/commands.h"
#include "app/manual.h"

namespace limbeck {

void add_help(Program& program) {
  CLI::App* command = add_command(program, "help", "Explain the program, or a command");
  auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("command", *names, "its name; of `data` and `store` also that of the inner command")
      ->type_name("COMMAND");
  auto manual = std::make_shared<bool>(false);
  command
      ->add_flag("--man", *manual,
                 "print the manual page limbeck(1), on all commands; read it by: man -l <(limbeck help --man)")
      ->excludes("command");
  command->callback(
      [=, &program] { print_text(*manual ? manual_page(describe(program.app)) : help_on(program.app, *names)); });
}

}  // namespace limbeck

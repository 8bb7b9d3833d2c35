// limbeck help [COMMAND]
#include "app/help.h"
#include "app/commands.h"

namespace limbeck {

void add_help(Program& program) {
  CLI::App* command = add_command(program, "help", "Explain the program, or a command");
  auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("command", *names, "its name; of `data` and `store` also that of the inner command")
      ->type_name("COMMAND");
  command->callback([=, &program] { print_text(help_on(program.app, *names)); });
}

}  // namespace limbeck

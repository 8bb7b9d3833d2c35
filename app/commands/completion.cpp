// limbeck completion bash|zsh
#include "app/completion.h"

#include "app/commands.h"

namespace limbeck {

void add_completion(Program& program) {
  CLI::App* command = add_command(program, "completion", "Print a script by which a shell completes this command line");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("SHELL");
  command->callback([=, &program] {
    const CommandDescription described = describe(program.app);
    print_text(*shell == "bash" ? bash_completion(described) : zsh_completion(described));
  });
  command->footer(
      "In ~/.bashrc:  source <(limbeck completion bash)\n"
      "In ~/.zshrc, behind compinit:  source <(limbeck completion zsh)");
}

}  // namespace limbeck

// limbeck compare RUN…
#include <fmt/core.h>

#include "app/commands.h"
#include "report/comparison.h"

namespace limbeck {

void add_compare(Program& program) {
  CLI::App* command = add_command(program, "compare", "Lay runs side by side, with mean and deviation over their seeds");
  auto runs = std::make_shared<std::vector<std::string>>();
  command->add_option("runs", *runs, "folders of runs")->required()->type_name("DIR");
  command->callback([=] { fmt::print("{}", compare_runs({runs->begin(), runs->end()})); });
}

}  // namespace limbeck

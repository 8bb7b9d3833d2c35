// limbeck serve RUN…
#include "app/commands/serve.h"

#include "app/commands.h"

namespace limbeck {

void add_serve(Program& program) {
  CLI::App* command =
      add_command(program, "serve",
                  "Show runs in the browser as they train; try their networks on drawn pictures; answer POST /predict");
  auto flags = std::make_shared<ServeFlags>();
  command->add_option("runs", flags->runs, "folders of runs, or folders that hold such folders")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("--host", flags->host,
                   "address to listen at; other than a loopback address, whoever reaches this machine sees the runs")
      ->capture_default_str()
      ->type_name("ADDRESS");
  command->add_option("--port", flags->port, "port to listen at; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->callback([=, &program] { program.act(&Actions::serve, *flags); });
  command->footer("Example:  limbeck serve runs --port 8080");
}

}  // namespace limbeck

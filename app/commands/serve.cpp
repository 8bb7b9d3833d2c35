// limbeck serve RUN…
#include "core/json.h"
#include "serve/serve.h"

#include <fmt/core.h>

#include "app/commands.h"
#include "core/interrupt.h"
#include "core/process.h"

namespace limbeck {

void add_serve(Program& program) {
  CLI::App* command =
      add_command(program, "serve", "Show runs in the browser as they train; try their networks on drawn pictures; answer POST /predict");
  auto runs = std::make_shared<std::vector<std::string>>();
  auto options = std::make_shared<ServiceOptions>();
  command->add_option("runs", *runs, "folders of runs, or folders that hold such folders")->required()->type_name("DIR");
  command
      ->add_option("--host", options->host,
                   "address to listen at; other than a loopback address, whoever reaches this machine sees the runs")
      ->capture_default_str()
      ->type_name("ADDRESS");
  command->add_option("--port", options->port, "port to listen at; 0: any free one")->check(CLI::Range(0, 65535))->capture_default_str();
  command->callback([=, &program] {
    settle_process(program.arguments);
    Service service({runs->begin(), runs->end()}, *options);
    if (program.output.json) print_out("{}\n", Json{{"address", service.address()}, {"runs", service.run_count()}}.dump());
    else print_out("Serving {} run{} at {} (Ctrl-C stops)\n", service.run_count(), service.run_count() == 1 ? "" : "s", service.address());
    service.run_until([] { return stop_requested() != 0; });
  });
  command->footer("Example:  limbeck serve runs --port 8080");
}

}  // namespace limbeck

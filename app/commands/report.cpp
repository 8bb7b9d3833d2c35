// limbeck report RUN, or report SWEEP
#include <fmt/core.h>

#include "app/commands.h"
#include "core/files.h"
#include "core/json.h"
#include "report/html_report.h"
#include "report/plots/run_plots.h"
#include "report/summary.h"
#include "report/sweep_report.h"

namespace limbeck {

void add_report(Program& program) {
  CLI::App* command =
      add_command(program, "report",
                  "Write report.html and the plots of a run again, or sweep.html of a sweep, and print the table");
  auto run = std::make_shared<std::string>();
  command->add_option("run", *run, "folder of a run or a sweep")->required()->type_name("DIR");
  command->callback([=, &program] {
    if (fs::exists(fs::path(*run) / "sweep.json")) {
      write_sweep_report(*run);
      const Json sweep = read_json(fs::path(*run) / "sweep.json");
      if (program.output.json)
        print_out("{}\n", sweep.dump(1));
      else
        print_out("{}\nReport: {}\n", sweep_table(sweep), (fs::path(*run) / "sweep.html").string());
      return;
    }
    write_html_report(*run);
    write_plots(*run);
    const Json results = read_json(fs::path(*run) / "results.json");
    if (program.output.json)
      print_out("{}\n", results.dump(1));
    else
      program.output.print(fmt::format("{}\nReport: {}\n", terminal_summary(results, program.output.width()),
                                       (fs::path(*run) / "report.html").string()));
  });
}

}  // namespace limbeck

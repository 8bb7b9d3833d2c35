// limbeck compare RUN…
#include <fmt/core.h>

#include "app/commands.h"
#include "report/comparison.h"

namespace limbeck {

void add_compare(Program& program) {
  CLI::App* command =
      add_command(program, "compare",
                  "Lay runs, or the stages of one run, side by side and say which differences exceed the noise");
  auto runs = std::make_shared<std::vector<std::string>>();
  auto options = std::make_shared<CompareOptions>();
  command->add_option("runs", *runs, "folders of runs; of one run, its stages are compared")
      ->required()
      ->type_name("DIR");
  command->add_option("--metric", options->metric, "the number to compare: errors, accuracy, nll, class_errors.3, …")
      ->capture_default_str()
      ->type_name("KEY");
  command->add_option("--split", options->split, "split to compare on (default: test, else validation)")
      ->type_name("SPLIT");
  command
      ->add_option("--against", options->against,
                   "of one run: the stage that the others are compared with (default: the first)")
      ->type_name("STAGE");
  command->footer(
      "Differences over several seeds come with Welch's 95 % interval for the difference of two means of unequal "
      "variances: when it leaves out zero, the difference is more than noise. Seeds are not treated as paired.");
  command->callback([=, &program] {
    const std::vector<fs::path> folders(runs->begin(), runs->end());
    if (program.output.json)
      print_out("{}\n", comparison_json(folders, *options).dump(1));
    else {
      options->width = program.output.width();
      program.output.print(compare_runs(folders, *options));
    }
  });
}

}  // namespace limbeck

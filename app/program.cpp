#include "app/program.h"

#include <fmt/core.h>
#include <signal.h>

#include <exception>
#include <map>
#include <new>
#include <sstream>

#include "app/commands.h"
#include "app/help.h"
#include "app/signals.h"
#include "core/error.h"
#include "core/version.h"

namespace limbeck {

CLI::App* add_command(Program& program, const std::string& name, const std::string& description) {
  CLI::App* command = program.app.add_subcommand(name, description);
  constexpr const char* kGroup = "What is printed";
  const std::map<std::string, ColorChoice> colors = {
      {"auto", ColorChoice::automatic}, {"always", ColorChoice::always}, {"never", ColorChoice::never}};
  command->add_flag("--quiet,-q", program.output.quiet, "print results and errors only")->group(kGroup);
  command->add_flag("--json", program.output.json, "print results as JSON")->group(kGroup);
  command
      ->add_option("--color", program.output.color,
                   "auto, always or never (default: auto, on terminals where NO_COLOR is not set)")
      ->transform(CLI::CheckedTransformer(colors))
      ->option_text("WHEN")
      ->group(kGroup);
  return command;
}

namespace {

constexpr int kFailed = 1, kUsage = 2;

void tell_failure(const OutputOptions& output, const std::string& what) {
  print_error("{} {}\n", paint("limbeck:", Color::red, error_terminal(output.color).color), what);
}

int exit_code(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::failed:
      return kFailed;
    case ErrorKind::usage:
      return kUsage;
    case ErrorKind::interrupted:
      return 128 + stop_signal();
  }
  return kFailed;
}

/// Prints help or the version, which CLI11 brings as if it were an error.
void print_asked(const CLI::App& app, const CLI::ParseError& asked) {
  std::ostringstream out, ignored;
  app.exit(asked, out, ignored);
  print_text(out.str());
}

int parse_and_run(Program& program, int argc, char** argv) {
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) throw Error(ErrorKind::usage, parse_mistake(program.app, error));
    print_asked(program.app, error);
  }
  return 0;
}

}  // namespace

int run_program(int argc, char** argv, const Actions* actions) {
  if (actions != nullptr) stop_on({SIGINT, SIGTERM, SIGHUP});  // whatever the program does without it is done at once
  signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of write, not the end
  Program program;
  program.arguments = argv;
  program.actions = actions;
  program.app.name("limbeck");
  program.app.require_subcommand(1);
  program.app.formatter(help_formatter(output_terminal(ColorChoice::automatic).width));
  program.app.set_version_flag("-V,--version", fmt::format("limbeck {}", version_text()));
  program.app.footer(
      "Start with:  limbeck init my.yaml && limbeck run my.yaml\nHelp on a command:  limbeck help COMMAND");
  add_commands(program);
  try {
    return parse_and_run(program, argc, argv);
  } catch (const Error& error) {
    const bool stopped = error.kind() == ErrorKind::interrupted;
    if (stopped)
      print_error("{}\nGive the same command again to resume.\n", error.what());
    else
      tell_failure(program.output, error.what());
    return exit_code(error);
  } catch (const std::bad_alloc&) {
    tell_failure(program.output, "out of memory");
  } catch (const std::exception& error) {
    tell_failure(program.output, actions == nullptr ? error.what() : actions->message_of(error));
  }
  return kFailed;
}

}  // namespace limbeck

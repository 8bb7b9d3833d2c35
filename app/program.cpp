#include "app/program.h"

#include <fmt/core.h>
#include <signal.h>

#include <cstddef>
#include <exception>
#include <initializer_list>
#include <map>
#include <new>
#include <sstream>

#include "app/commands.h"
#include "app/help.h"
#include "core/error.h"
#include "core/interrupt.h"
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

/// The first signal asks to save and stop; a second one stops at once, unless it is that of a closed terminal, which
/// the system and the shell both send.
void on_signal(int signal) {
  if (stop_requested() != 0 && signal != SIGHUP) std::_Exit(128 + signal);
  request_stop(signal);
}

/// Whether SIGHUP is held off, as by nohup. Asked before any library begins, for UCX, which Debian 13's LibTorch brings
/// along, takes the signal for itself.
bool hangup_is_held_off = false;
void look_at_hangup() {
  struct sigaction found {};
  sigaction(SIGHUP, nullptr, &found);
  hangup_is_held_off = found.sa_handler == SIG_IGN;
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const kBeforeLibraries)() = look_at_hangup;

/// On a stack of its own: with the handler on the common one, signals during oneDNN's products corrupted the heap,
/// presumably because its generated code keeps numbers farther below the stack pointer than the 128 bytes that the
/// system leaves alone.
void stop_on(std::initializer_list<int> signals) {
  static std::byte memory[64 << 10];
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = sizeof memory;
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  for (const int signal : signals) sigaction(signal, &action, nullptr);
  keep_hangup_held_off();
}

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
      return 128 + stop_requested();
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

void keep_hangup_held_off() {
  if (hangup_is_held_off) signal(SIGHUP, SIG_IGN);
}

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

// limbeck: parses the command line, calls the library, prints. Errors become one message and an exit code:
// 0 done, 1 the run failed, 2 usage or recipe, 128 + n stopped by signal n after saving.
#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <signal.h>

#include <cstddef>
#include <exception>
#include <initializer_list>
#include <new>

#include "app/commands.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/version.h"

namespace limbeck {

CLI::App* add_command(Program& program, const std::string& name, const std::string& description) {
  CLI::App* command = program.app.add_subcommand(name, description);
  command->add_flag("--quiet,-q", program.output.quiet, "print results and errors only");
  command->add_flag("--json", program.output.json, "print results as JSON");
  return command;
}

namespace {

constexpr int kFailed = 1, kUsage = 2;

/// The first signal asks to save and stop; a second one stops at once.
void on_signal(int signal) {
  if (stop_requested() != 0) std::_Exit(128 + signal);
  request_stop(signal);
}

/// On a stack of its own: with the handler on the common one, signals during oneDNN's products corrupted the heap, presumably because its
/// generated code keeps numbers farther below the stack pointer than the 128 bytes that the system leaves alone.
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
}

int exit_code(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::failed: return kFailed;
    case ErrorKind::usage: return kUsage;
    case ErrorKind::interrupted: return 128 + stop_requested();
  }
  return kFailed;
}

int run_program(int argc, char** argv) {
  Program program;
  program.arguments = argv;
  program.app.require_subcommand(1);
  program.app.set_version_flag("--version", fmt::format("limbeck {}", kVersion));
  program.app.footer("Start with:  limbeck init my.yaml && limbeck run my.yaml\nHelp on a command:  limbeck COMMAND --help");
  add_commands(program);
  try {
    program.app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.app.exit(error);  // --help, --version
    program.app.exit(error);
    return kUsage;
  } catch (const Error& error) {
    const bool stopped = error.kind() == ErrorKind::interrupted;
    fmt::print(stderr, "{}{}\n", stopped ? "" : "limbeck: ", error.what());
    if (stopped) fmt::print(stderr, "Give the same command again to go on.\n");
    return exit_code(error);
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "limbeck: out of memory\n");
    return kFailed;
  } catch (const c10::Error& error) {
    fmt::print(stderr, "limbeck: {}\n", error.what_without_backtrace());
    return kFailed;
  } catch (const std::exception& error) {
    fmt::print(stderr, "limbeck: {}\n", error.what());
    return kFailed;
  }
}

}  // namespace
}  // namespace limbeck

int main(int argc, char** argv) {
  limbeck::stop_on({SIGINT, SIGTERM});
  signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of write, not the end
  return limbeck::run_program(argc, argv);
}

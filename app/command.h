#pragma once
// A subcommand is a file in commands/ that adds itself to the program: its flags, its help, and what it does. A new one is a
// new file and a line in commands.h.
#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

namespace limbeck {

/// Set by --quiet and --json, which stand before or after any subcommand.
struct OutputOptions {
  bool quiet = false;  ///< print results and errors only
  bool json = false;   ///< print results as JSON
};

/// What a subcommand is added to.
struct Program {
  CLI::App app{"Limbeck distils large neural networks into small ones."};
  OutputOptions output;
  char** arguments = nullptr;  ///< as main got them
};

/// Adds a subcommand with --quiet and --json.
CLI::App* add_command(Program& program, const std::string& name, const std::string& description);

}  // namespace limbeck

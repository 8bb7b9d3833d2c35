#pragma once
// A subcommand is a file in commands/ that adds itself to the program: its flags, its help, and what it does. A new one is a
// new file and a line in commands.h.
#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

#include "app/output.h"

namespace limbeck {

/// Set by --quiet, --json and --color, which stand before or after any subcommand.
struct OutputOptions {
  bool quiet = false;  ///< print results and errors only
  bool json = false;   ///< print results as JSON
  ColorChoice color = ColorChoice::automatic;

  /// Prints what a person reads: `text` with tables, of which a terminal shows the headers bold.
  void print(const std::string& text) const { print_text(painted_tables(text, output_terminal(color).color)); }
  /// The cells of a line that is printed.
  size_t width() const { return output_terminal(color).width; }
};

/// What a subcommand is added to.
struct Program {
  CLI::App app{"Limbeck distils large neural networks into small ones."};
  OutputOptions output;
  char** arguments = nullptr;  ///< as main got them
};

/// Adds a subcommand with --quiet, --json and --color.
CLI::App* add_command(Program& program, const std::string& name, const std::string& description);

}  // namespace limbeck

#pragma once
// Help output, wrapped to the terminal, and suggestions for mistyped commands and options.
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace limbeck {

/// Returns a formatter for help with lines of at most `width` cells.
std::shared_ptr<CLI::Formatter> help_formatter(size_t width);

/// Returns "there is no command 'rnu'; did you mean 'run'?" for unknown commands and options; else CLI11's message.
std::string parse_mistake(const CLI::App& program, const CLI::ParseError& error);

/// Returns the --help text of a command, given as a path within command groups ({"data", "fetch"}), or of the program
/// if `names` is empty. Throws Error of kind usage if there is no such command.
std::string help_on(const CLI::App& program, const std::vector<std::string>& names);

}  // namespace limbeck

#pragma once
// How the program explains itself: help in lines that fit, and what a mistyped command or option may have been.
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace limbeck {

/// Help in lines of at most so many cells.
std::shared_ptr<CLI::Formatter> help_formatter(size_t width);

/// "there is no command 'rnu'; did you mean 'run'?" for what the command line holds that the program does not know;
/// else what CLI11 says.
std::string parse_mistake(const CLI::App& program, const CLI::ParseError& error);

/// What --help says of the command that is named, of a group of commands of the inner one: {"data", "fetch"}; of the
/// program where none is. Throws Error of kind usage.
std::string help_on(const CLI::App& program, const std::vector<std::string>& names);

}  // namespace limbeck

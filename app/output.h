#pragma once
// All output of the program. A failed write to standard output, e.g. on a full disk or a closed pipe, is an error;
// failed writes of messages to standard error are ignored.
#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace limbeck {

enum class ColorChoice { automatic, always, never };

/// Properties of an output stream.
struct Terminal {
  static constexpr size_t kUnlimited = static_cast<size_t>(-1);
  size_t width = kUnlimited;  ///< in cells; unlimited for a file or pipe, unless $COLUMNS is set
  bool color = false;
};

/// Returns the properties of standard output. Automatic color: on terminals that support it, unless $NO_COLOR is set.
Terminal output_terminal(ColorChoice color);
/// Returns the properties of standard error.
Terminal error_terminal(ColorChoice color);

/// Writes to standard output and flushes. Throws Error on failure.
void print_text(std::string_view text);
/// Writes to standard error; failures are ignored.
void print_message(std::string_view text);

template <class... Values>
void print_out(fmt::format_string<Values...> text, Values&&... values) {
  print_text(fmt::format(text, std::forward<Values>(values)...));
}

template <class... Values>
void print_error(fmt::format_string<Values...> text, Values&&... values) {
  print_message(fmt::format(text, std::forward<Values>(values)...));
}

enum class Color { bold, dim, red, yellow, green };
/// Colors the text if `use` is true.
std::string paint(std::string_view text, Color color, bool use);
/// Styles the tables in a text: headers bold, rules dim.
std::string paint_tables(const std::string& text, bool use);

/// Set by --quiet, --json and --color, which may come before or after any subcommand.
struct OutputOptions {
  bool quiet = false;  ///< print results and errors only
  bool json = false;   ///< print results as JSON
  ColorChoice color = ColorChoice::automatic;

  /// Prints human-readable text; on a terminal, headers of its tables are bold.
  void print(const std::string& text) const { print_text(paint_tables(text, output_terminal(color).color)); }
  /// Returns the line width in cells.
  size_t width() const { return output_terminal(color).width; }
};

}  // namespace limbeck

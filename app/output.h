#pragma once
// Everything that the program prints. What is printed and cannot be written, on a full disk or a closed pipe, is an
// error; messages for people go to standard error, where nothing can be done about that.
#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace limbeck {

enum class ColorChoice { automatic, always, never };

/// What a stream is written to.
struct Terminal {
  static constexpr size_t kUnlimited = static_cast<size_t>(-1);
  size_t width = kUnlimited;  ///< in cells; of a file or a pipe unlimited, unless $COLUMNS says otherwise
  bool color = false;
};

/// Of standard output. Colour is for terminals that know it, where $NO_COLOR is not set.
Terminal output_terminal(ColorChoice color);
/// Of standard error.
Terminal error_terminal(ColorChoice color);

/// Writes to standard output and flushes. Throws Error where that fails.
void print_text(std::string_view text);
/// Writes to standard error, if it can.
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
/// The text in that colour where `use` is true.
std::string paint(std::string_view text, Color color, bool use);
/// Text with tables in it: their headers bold, the rules under them dim.
std::string paint_tables(const std::string& text, bool use);

/// Set by --quiet, --json and --color, which stand before or after any subcommand.
struct OutputOptions {
  bool quiet = false;  ///< print results and errors only
  bool json = false;   ///< print results as JSON
  ColorChoice color = ColorChoice::automatic;

  /// Prints what a person reads: `text` with tables, of which a terminal shows the headers bold.
  void print(const std::string& text) const { print_text(paint_tables(text, output_terminal(color).color)); }
  /// The cells of a line that is printed.
  size_t width() const { return output_terminal(color).width; }
};

}  // namespace limbeck

#include "app/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

constexpr size_t kUsualWidth = 80;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

size_t width_of(int stream) {
  const std::string columns = variable("COLUMNS");
  size_t width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  if (width > 0) return width;
  if (isatty(stream) == 0) return Terminal::kUnlimited;
  winsize size{};
  return ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualWidth;
}

Terminal terminal_of(int stream, ColorChoice color) {
  const bool automatic = isatty(stream) != 0 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  return {width_of(stream), color == ColorChoice::always || (color == ColorChoice::automatic && automatic)};
}

const char* code_of(Color color) {
  switch (color) {
    case Color::bold:
      return "\033[1m";
    case Color::dim:
      return "\033[2m";
    case Color::red:
      return "\033[31m";
    case Color::yellow:
      return "\033[33m";
    case Color::green:
      return "\033[32m";
  }
  return "";
}

/// "───  ───"
bool is_rule(std::string_view line) {
  return line.starts_with("─") && line.find_first_not_of("─ ") == std::string_view::npos;
}

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

Terminal output_terminal(ColorChoice color) {
  return terminal_of(STDOUT_FILENO, color);
}
Terminal error_terminal(ColorChoice color) {
  return terminal_of(STDERR_FILENO, color);
}

void print_text(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written)
    throw Error(
        fmt::format("cannot write the output: {}", errno == 0 ? "the stream failed before" : std::strerror(errno)));
}

void print_message(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string paint(std::string_view text, Color color, bool use) {
  return use ? fmt::format("{}{}\033[0m", code_of(color), text) : std::string(text);
}

std::string paint_tables(const std::string& text, bool use) {
  if (!use) return text;
  std::string result;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    std::string_view ahead = rest;
    if (is_rule(line))
      result += paint(line, Color::dim, true);
    else
      result += is_rule(take_line(ahead)) ? paint(line, Color::bold, true) : std::string(line);
    result += '\n';
  }
  if (!text.ends_with('\n')) result.pop_back();
  return result;
}

}  // namespace limbeck

#include "core/error.h"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace limbeck {
namespace {

constexpr size_t kLongestLine = 1200, kBegin = 800, kEnd = 300;

/// The next place where a character of UTF-8 begins.
size_t character_at(std::string_view text, size_t place) {
  while (place < text.size() && (static_cast<unsigned char>(text[place]) & 0xC0) == 0x80) ++place;
  return place;
}

std::string shortened_line(std::string_view line) {
  if (line.size() <= kLongestLine) return std::string(line);
  const size_t from = character_at(line, kBegin), to = character_at(line, line.size() - kEnd);
  return fmt::format("{}… ({} bytes) …{}", line.substr(0, from), to - from, line.substr(to));
}

std::string with_short_lines(std::string_view message) {
  std::string text;
  for (size_t start = 0; start <= message.size();) {
    const size_t end = std::min(message.find('\n', start), message.size());
    text += shortened_line(message.substr(start, end - start));
    if (end < message.size()) text += '\n';
    start = end + 1;
  }
  return text;
}

std::vector<Diagnostic> in_file_order(std::vector<Diagnostic> diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& left, const Diagnostic& right) {
    return std::tie(left.where.file, left.where.line, left.where.column) <
           std::tie(right.where.file, right.where.line, right.where.column);
  });
  return diagnostics;
}

std::string joined(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += diagnostic.text();
  }
  return text;
}

}  // namespace

Error::Error(ErrorKind kind, const std::string& message) : std::runtime_error(with_short_lines(message)), kind_(kind) {}

std::string SourceLocation::text() const {
  if (line == 0) return file;
  if (column == 0) return fmt::format("{}:{}", file, line);
  return fmt::format("{}:{}:{}", file, line, column);
}

std::string Diagnostic::text() const {
  if (path.empty()) return fmt::format("{}: {}", where.text(), message);
  return fmt::format("{}: {}: {}", where.text(), path, message);
}

DiagnosticsError::DiagnosticsError(std::vector<Diagnostic> diagnostics)
    : Error(ErrorKind::usage, joined(in_file_order(diagnostics))), diagnostics_(in_file_order(diagnostics)) {}

}  // namespace limbeck

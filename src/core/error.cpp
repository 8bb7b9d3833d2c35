#include "core/error.h"

#include <algorithm>
#include <tuple>

namespace limbeck {
namespace {

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

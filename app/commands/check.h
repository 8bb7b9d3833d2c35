#pragma once
#include <string>
#include <vector>

#include "app/output.h"
#include "core/error.h"

namespace limbeck {

struct CheckFlags {
  std::string recipe;
  std::vector<std::string> settings;
  std::string data;
  bool resolved = false;
};

/// With --json, prints the mistakes of an error in a recipe: [{"file", "line", "column", "path", "message"}]; only the
/// message for a mistake without location.
void print_mistakes(const Error& error, const OutputOptions& output);

}  // namespace limbeck

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

/// With --json, prints what an error says of a recipe: [{"file", "line", "column", "path", "message"}]; of a mistake
/// that has no place, the message alone.
void print_mistakes(const Error& error, const OutputOptions& output);

}  // namespace limbeck

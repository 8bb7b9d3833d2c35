#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace limbeck {

/// Flags that describe a foreign model: one without Limbeck's metadata.
struct ForeignFlags {
  std::string shape, input;
  std::vector<std::string> classes;

  /// Adds --shape, --input and --classes.
  void add_to(CLI::App& command);
};

}  // namespace limbeck

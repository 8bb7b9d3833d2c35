#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace limbeck {

/// What a model of elsewhere is for, where flags say it.
struct ForeignFlags {
  std::string shape, input;
  std::vector<std::string> classes;

  /// --shape, --input and --classes.
  void add_to(CLI::App& command);
};

}  // namespace limbeck

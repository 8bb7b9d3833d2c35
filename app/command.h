#pragma once
// A subcommand is a file in commands/ that adds itself to the program: its flags and its help. What it does is there
// too where that needs no tensors; else it is a file in actions/.
#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

#include "app/actions.h"
#include "app/engine.h"
#include "app/output.h"

namespace limbeck {

/// What a subcommand is added to.
struct Program {
  CLI::App app{"Limbeck distils large neural networks into small ones."};
  OutputOptions output;
  char** arguments = nullptr;        ///< as main got them
  const Actions* actions = nullptr;  ///< nullptr in the program that users start

  /// Does what needs LibTorch: here, or in the engine, which takes the place of this process.
  template <class Flags>
  void act(void (*Actions::*action)(Flags, const OutputOptions&), const Flags& flags) {
    if (actions == nullptr) start_engine(arguments);
    (actions->*action)(flags, output);
  }
};

/// Adds a subcommand with --quiet, --json and --color.
CLI::App* add_command(Program& program, const std::string& name, const std::string& description);

}  // namespace limbeck

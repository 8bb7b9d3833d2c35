#pragma once
// Each subcommand is a file in commands/ that registers its flags and help. Its action is there too if it needs no
// tensors; else it is a file in actions/.
#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

#include "app/actions.h"
#include "app/engine.h"
#include "app/output.h"

namespace limbeck {

/// The program to which subcommands are added.
struct Program {
  CLI::App app{"Limbeck distils large neural networks into small ones."};
  OutputOptions output;
  char** arguments = nullptr;        ///< arguments of main
  const Actions* actions = nullptr;  ///< nullptr in the program that users start

  /// Runs an action that needs LibTorch: here, or in the engine, which replaces this process.
  template <class Flags>
  void act(void (*Actions::*action)(Flags, const OutputOptions&), const Flags& flags) {
    if (actions == nullptr) start_engine(arguments);
    (actions->*action)(flags, output);
  }
};

/// Adds a subcommand with --quiet, --json and --color.
CLI::App* add_command(Program& program, const std::string& name, const std::string& description);

}  // namespace limbeck

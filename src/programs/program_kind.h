#pragma once
// Registers a network that is a program from a file, in one format; each is a file of programs/kinds/.
#include "programs/program_network.h"
#include "recipe/catalogue.h"

namespace limbeck {

/// `Options` derives from ProgramOptions, and describes the file in its bind().
template <class Options>
void add_program_kind(Catalogue& catalogue, ProgramFormat format, const char* summary, const char* source) {
  catalogue.add<Network, Options, const TaskShape&, const InputOptions&>(
      Slot::network,
      {.name = network_name(format), .summary = summary, .source = source, .principal = "file", .brings_weights = true},
      [format](const Options& options, const TaskShape& task, const InputOptions& input) {
        return std::make_unique<ProgramNetwork>(format, options, task, input);
      });
}

}  // namespace limbeck

#pragma once
// Measures the peak memory of a process that runs only one network: a child process of this program.
#include <functional>
#include <string>
#include <vector>

#include "models/model.h"
#include "results/cost_row.h"

namespace limbeck {

/// Runs this program with these arguments, which must make it print the result of probe_memory() as JSON, and waits for
/// it. Throws Error with its output if it fails.
PeakMemory measure_memory(const std::vector<std::string>& arguments);

/// In the child process: loads the network and runs it on one example a few times.
PeakMemory probe_memory(const std::function<Model()>& load);

}  // namespace limbeck

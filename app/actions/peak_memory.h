#pragma once
// How much memory a program takes that runs one network and nothing else: measured in such a process, which is this
// program again.
#include <functional>
#include <string>
#include <vector>

#include "models/model.h"
#include "results/cost_row.h"

namespace limbeck {

/// Runs this program with these arguments, which must make it print what probe_memory() returns, as JSON, and waits for
/// it. Throws Error with what it printed where it fails.
PeakMemory measure_memory(const std::vector<std::string>& arguments);

/// Within that process: reads the network and runs it on one example a few times.
PeakMemory probe_memory(const std::function<Model()>& load);

}  // namespace limbeck

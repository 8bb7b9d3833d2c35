#pragma once
// Run options from the flags of `run`, `distill` and `store`.
#include "app/run_flags.h"
#include "core/files.h"
#include "experiment/check_options.h"

namespace limbeck {

/// "cpu", "cuda" or "auto", as --device has it.
DeviceChoice device_choice(const std::string& name);

/// Returns the run's folder: the flag's, or runs/NAME.
fs::path out_folder(const RunFlags& flags, const Recipe& recipe);
RunOptions run_options(const RunFlags& flags, const Recipe& recipe);

}  // namespace limbeck

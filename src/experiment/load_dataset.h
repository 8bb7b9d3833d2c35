#pragma once
// The data set of a recipe, with its examples without labels.
#include <memory>

#include "core/events.h"
#include "data/dataset.h"
#include "experiment/run_context.h"

namespace limbeck {

struct LoadedDataset {
  std::unique_ptr<Dataset> dataset;
  DataFingerprints fingerprints;
};

/// Tells of files that are read one by one, and of what is notable. `folder`: empty, the default. Throws Error where
/// files are missing or damaged.
LoadedDataset load_run_dataset(const DataRecipe& recipe, const fs::path& folder, const EventBus& events);

}  // namespace limbeck

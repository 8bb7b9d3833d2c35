#pragma once
// The dataset of a recipe, including extra unlabelled examples.
#include <memory>

#include "core/events.h"
#include "data/dataset.h"
#include "experiment/run_context.h"

namespace limbeck {

struct LoadedDataset {
  std::unique_ptr<Dataset> dataset;
  DataFingerprints fingerprints;
};

/// Loads the dataset. Emits progress for sources of many files, and notices. `folder`: empty: the default. Throws Error
/// if files are missing or damaged.
LoadedDataset load_run_dataset(const DataRecipe& recipe, const fs::path& folder, const EventBus& events);

}  // namespace limbeck

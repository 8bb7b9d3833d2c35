#pragma once
// The dataset of a recipe, including extra unlabelled examples.
#include <memory>
#include <stop_token>

#include "experiment/run_context.h"
#include "limbeck/dataset.h"
#include "limbeck/events.h"

namespace limbeck {

struct LoadedDataset {
  std::unique_ptr<const Dataset> dataset;
  DataFingerprints fingerprints;
};

/// Loads the dataset, or returns that of a run of the same data in this process. Emits progress for sources of many
/// files, and notices. `folder`: empty: the default. Throws Error
/// if files are missing or damaged.
std::shared_ptr<const LoadedDataset> load_run_dataset(const DataRecipe& recipe, const fs::path& folder,
                                                      const EventBus& events, const std::stop_token& stop);

}  // namespace limbeck

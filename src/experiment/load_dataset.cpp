#include "experiment/load_dataset.h"

#include <chrono>

#include "data/check_dataset.h"

namespace limbeck {
namespace {

/// Tells of every hundredth file and of the last.
std::function<void(int64_t, int64_t)> reading_progress(const EventBus& events) {
  constexpr int64_t kEvery = 100;
  const auto start = std::chrono::steady_clock::now();
  return [&events, start](int64_t done, int64_t all) {
    if (done % kEvery != 0 && done != all) return;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    events.emit(WorkProgress{"files read", done, all, static_cast<double>(done) / std::max(seconds, 1e-9)});
  };
}

std::unique_ptr<Dataset> load(const Choice& source, const DataFolders& folders) {
  auto dataset = source.make<Dataset, const DataFolders&>(folders);
  if (dataset == nullptr) throw Error(fmt::format("the data set '{}' was not made", source.name()));
  check_dataset(*dataset);
  return dataset;
}

}  // namespace

LoadedDataset load_run_dataset(const DataRecipe& recipe, const fs::path& folder, const EventBus& events,
                               const std::stop_token& stop) {
  DataFolders folders(folder);
  folders.progress = reading_progress(events);
  folders.stop = stop;
  folders.tell = [&events](const std::string& notice) { events.emit(Notice{notice}); };
  LoadedDataset loaded{.dataset = load(recipe.source, folders)};
  for (const std::string& notice : loaded.dataset->notices) events.emit(Notice{notice});
  loaded.fingerprints.source = loaded.dataset->fingerprint();
  if (!recipe.extra) return loaded;
  const auto extra = load(recipe.extra, folders);
  loaded.fingerprints.extra = extra->fingerprint();
  append_unlabelled(*loaded.dataset, *extra);
  return loaded;
}

}  // namespace limbeck

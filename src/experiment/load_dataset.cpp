#include "experiment/load_dataset.h"

#include <chrono>

#include "core/shared_values.h"
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

LoadedDataset load_all(const DataRecipe& recipe, const DataFolders& folders) {
  auto dataset = load(recipe.source, folders);
  DataFingerprints fingerprints{.source = dataset->fingerprint(), .extra = ""};
  if (recipe.extra) {
    const auto extra = load(recipe.extra, folders);
    fingerprints.extra = extra->fingerprint();
    append_unlabelled(*dataset, *extra);
  }
  return {.dataset = std::move(dataset), .fingerprints = std::move(fingerprints)};
}

/// What data are known by while a run holds them. A source of the same name in another catalogue is another.
std::string key_of(const DataRecipe& recipe, const fs::path& folder) {
  std::string key = folder.string();
  for (const Choice* source : {&recipe.source, &recipe.extra})
    if (*source)
      key += fmt::format("\n{} {}", static_cast<const void*>(source->component.get()), resolve(*source).dump());
  return key;
}

}  // namespace

std::shared_ptr<const LoadedDataset> load_run_dataset(const DataRecipe& recipe, const fs::path& folder,
                                                      const EventBus& events, const std::stop_token& stop) {
  static SharedValues<LoadedDataset> all;
  DataFolders folders(folder);
  folders.progress = reading_progress(events);
  folders.stop = stop;
  folders.tell = [&events](const std::string& notice) { events.emit(Notice{notice}); };
  const auto loaded = all.get(key_of(recipe, folder), [&] { return load_all(recipe, folders); });
  for (const std::string& notice : loaded->dataset->notices) events.emit(Notice{notice});
  return loaded;
}

}  // namespace limbeck

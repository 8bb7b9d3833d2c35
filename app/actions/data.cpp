#include <fmt/core.h>

#include <unistd.h>

#include <chrono>

#include "app/actions/all.h"
#include "app/commands/data.h"
#include "app/signals.h"
#include "core/json.h"
#include "core/own_files.h"
#include "core/text.h"
#include "data/digits/digits.h"
#include "data/images/image_dataset.h"
#include "data/published/idx.h"
#include "data/published/published_files.h"
#include "experiment/device.h"
#include "experiment/experiment.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

fs::path split_file(const SynthesizeFlags& flags, const char* prefix, const char* what) {
  return fs::path(flags.out) / fmt::format("{}-{}-ubyte.gz", prefix, what);
}

void write_split(const SynthesizeFlags& flags, const char* prefix, int count, uint32_t split) {
  const DigitImages images = draw_digits({.seed = static_cast<uint64_t>(flags.seed), .count = count, .split = split});
  const auto bytes = [](const std::vector<uint8_t>& from) { return std::string(from.begin(), from.end()); };
  write_idx(split_file(flags, prefix, "images-idx3"), {{count, kDigitSide, kDigitSide}, bytes(images.pixels)});
  write_idx(split_file(flags, prefix, "labels-idx1"), {{count}, bytes(images.labels)});
}

/// Examples of each class in a split, then those without a label.
std::vector<int64_t> counts_of(const Split& split, size_t classes) {
  std::vector<int64_t> counts(classes + 1);
  const auto* labels = split.labels.data_ptr<int64_t>();
  for (int64_t i = 0; i < split.size(); ++i) ++counts[labels[i] < 0 ? classes : static_cast<size_t>(labels[i])];
  return counts;
}

Json images_json(const LoadedImages& loaded, double seconds) {
  const Dataset& dataset = *loaded.dataset;
  const size_t classes = dataset.classes.size();
  const std::vector<int64_t> train = counts_of(dataset.train, classes), test = counts_of(dataset.test, classes);
  Json json = {{"folder", loaded.root.string()}, {"shape", dataset.input_shape()}, {"classes", Json::array()}};
  for (size_t i = 0; i < classes; ++i)
    json["classes"].push_back({{"class", dataset.classes[i]}, {"train", train[i]}, {"test", test[i]}});
  json["unlabelled"] = train.back();
  json["corrupt"] = Json::array();
  for (const UnreadableImage& image : loaded.unreadable) json["corrupt"].push_back(image.problem);
  json["notices"] = dataset.notices;
  const int64_t pictures = dataset.train.size() + dataset.test.size();
  json["pictures"] = pictures;
  json["reused"] = loaded.reused;
  json["seconds"] = seconds;
  json["pictures_per_second"] = static_cast<double>(pictures) / seconds;
  return json;
}

void print_images(const Json& json, const OutputOptions& output) {
  TextTable table({{"class", Align::left}, {"train", Align::right}, {"test", Align::right}});
  for (const Json& row : json["classes"])
    table.add({row["class"].get<std::string>(), row["train"].dump(), row["test"].dump()});
  print_out("{}\n", table.text());
  if (output.quiet) return;
  for (const Json& notice : json["notices"]) print_out("{}\n", notice.get<std::string>());
  print_out("{} pictures, {} of them unlabelled, {} in {}: {:.0f} a second\n",
            with_commas(json["pictures"].get<int64_t>()), json["unlabelled"].get<int64_t>(),
            json["reused"].get<bool>() ? "found in the store" : "decoded", duration(json["seconds"].get<double>()),
            json["pictures_per_second"].get<double>());
}

/// A line that is rewritten, on a terminal only.
ImageProgress terminal_progress(const OutputOptions& output) {
  if (output.quiet || ::isatty(STDERR_FILENO) == 0) return {};
  return [](int64_t done, int64_t all) {
    if (done % 500 == 0) print_error("\r{} of {} pictures\r", with_commas(done), with_commas(all));
  };
}

}  // namespace

void fetch(FetchFlags flags, const OutputOptions& output) {
  const PublishedData& published = published_data(flags.name);
  if (!flags.data.empty()) make_writable_folder(flags.data);
  fetch(published, DataFolders(flags.data), [&](const Event& event) {
    if (const auto* notice = std::get_if<Notice>(&event); notice != nullptr && !output.quiet)
      print_out("{}\n", notice->message);
  });
}

void synthesize(SynthesizeFlags flags, const OutputOptions& output) {
  for (const char* prefix : {"train", "t10k"})
    for (const char* what : {"images-idx3", "labels-idx1"})
      check_output(split_file(flags, prefix, what), {.force = flags.force});
  make_writable_folder(flags.out);
  write_split(flags, "train", flags.train, 0);
  write_split(flags, "t10k", flags.test, 1);
  if (!output.quiet)
    print_out("{} training and {} test images of digits are in {}\n", flags.train, flags.test, flags.out);
}

void images(ImagesFlags flags, const OutputOptions& output) {
  use_threads(flags.threads);
  const ImageFolderOptions chosen{.folder = fs::absolute(flags.folder).string(),
                                  .size = flags.size,
                                  .resize = flags.resize == "stretch" ? ResizeMode::stretch : ResizeMode::crop,
                                  .channels = flags.channels,
                                  .jpeg = flags.jpeg == "reduced" ? JpegDetail::reduced : JpegDetail::full,
                                  .corrupt = flags.corrupt == "skip" ? UnreadableImages::skip : UnreadableImages::fail,
                                  .holdout = flags.holdout,
                                  .store = flags.store};
  const auto start = std::chrono::steady_clock::now();
  DataFolders folders;
  folders.progress = terminal_progress(output);
  folders.stop = stop_token();
  folders.tell = [&](const std::string& notice) {
    if (!output.quiet) print_error("{}\n", notice);
  };
  const LoadedImages loaded = load_images(chosen, folders);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Json json = images_json(loaded, seconds);
  if (output.json)
    print_out("{}\n", json.dump(1));
  else
    print_images(json, output);
}

}  // namespace limbeck

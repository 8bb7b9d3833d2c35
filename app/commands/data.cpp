// limbeck data fetch NAME | synthesize --out DIR | images FOLDER
#include <fmt/core.h>

#include <unistd.h>

#include <chrono>

#include "app/commands.h"
#include "core/json.h"
#include "core/own_files.h"
#include "core/process.h"
#include "core/text.h"
#include "data/digits.h"
#include "data/idx.h"
#include "data/image_dataset.h"
#include "data/published_files.h"
#include "experiment/experiment.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

struct SynthesizeFlags {
  std::string out;
  int64_t seed = 0;
  int train = 60000;
  int test = 10000;
  bool force = false;
};

fs::path split_file(const SynthesizeFlags& flags, const char* prefix, const char* what) { return fs::path(flags.out) / fmt::format("{}-{}-ubyte.gz", prefix, what); }

void write_split(const SynthesizeFlags& flags, const char* prefix, int count, uint32_t split) {
  const DigitImages images = draw_digits({.seed = static_cast<uint64_t>(flags.seed), .count = count, .split = split});
  const auto bytes = [](const std::vector<uint8_t>& from) { return std::string(from.begin(), from.end()); };
  write_idx(split_file(flags, prefix, "images-idx3"), {{count, kDigitSide, kDigitSide}, bytes(images.pixels)});
  write_idx(split_file(flags, prefix, "labels-idx1"), {{count}, bytes(images.labels)});
}

void add_fetch(CLI::App& data, Program& program) {
  CLI::App* fetch_command = data.add_subcommand("fetch", "Download a data set and verify it, or say which files to put where");
  auto name = std::make_shared<std::string>();
  auto folder = std::make_shared<std::string>();
  fetch_command->add_option("name", *name, "data set, e.g. mnist")->required();
  fetch_command->add_option("--data", *folder, "folder to put it into (default: $LIMBECK_DATA, then the cache folder)");
  fetch_command->callback([=, &program] {
    const PublishedData& published = published_data(*name);
    if (!folder->empty()) make_writable_folder(*folder);
    fetch(published, DataFolders(*folder), [&](const Event& event) {
      if (const auto* notice = std::get_if<Notice>(&event); notice != nullptr && !program.output.quiet)
        print_out("{}\n", notice->message);
    });
  });
}

void add_synthesize(CLI::App& data, Program& program) {
  CLI::App* command = data.add_subcommand("synthesize", "Draw the built-in digits and write them as gzipped IDX files");
  auto flags = std::make_shared<SynthesizeFlags>();
  command->add_option("--out", flags->out, "folder to write to; `--data` of a run with `source: mnist` reads it")->required();
  command->add_option("--seed", flags->seed, "of the drawing")->check(CLI::Range(int64_t{0}, int64_t{1} << 52))->capture_default_str();
  command->add_option("--train", flags->train, "training images")->check(CLI::Range(1, 1000000))->capture_default_str();
  command->add_option("--test", flags->test, "test images")->check(CLI::Range(1, 1000000))->capture_default_str();
  command->add_flag("--force", flags->force, "write over files of others, such as MNIST's own");
  command->callback([=, &program] {
    for (const char* prefix : {"train", "t10k"})
      for (const char* what : {"images-idx3", "labels-idx1"}) check_output(split_file(*flags, prefix, what), {.force = flags->force});
    make_writable_folder(flags->out);
    write_split(*flags, "train", flags->train, 0);
    write_split(*flags, "t10k", flags->test, 1);
    if (!program.output.quiet)
      print_out("{} training and {} test images of digits are in {}\n", flags->train, flags->test, flags->out);
  });
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
  print_out("{} pictures, {} of them unlabelled, {} in {}: {:.0f} a second\n", with_commas(json["pictures"].get<int64_t>()),
             json["unlabelled"].get<int64_t>(), json["reused"].get<bool>() ? "found in the store" : "decoded",
             duration(json["seconds"].get<double>()), json["pictures_per_second"].get<double>());
}

/// A line that is rewritten, on a terminal only.
ImageProgress terminal_progress(const OutputOptions& output) {
  if (output.quiet || ::isatty(STDERR_FILENO) == 0) return {};
  return [](int64_t done, int64_t all) {
    if (done % 500 == 0) print_error("\r{} of {} pictures\r", with_commas(done), with_commas(all));
  };
}

void add_images(CLI::App& data, Program& program) {
  CLI::App* command =
      data.add_subcommand("images", "Decode a folder of pictures as the data source `images` does, and say what is in it");
  auto options = std::make_shared<ImageFolderOptions>();
  auto threads = std::make_shared<int>(0);
  command->add_option("folder", options->folder, "folder with train/CLASS/* and test/CLASS/*, or CLASS/*")
      ->required()->type_name("DIR");
  command->add_option("--size", options->size, "side, or height and width, pixels")
      ->expected(1, 2)->check(CLI::Range(1, 4096))->capture_default_str();
  const std::map<std::string, ResizeMode> resizes = {{"crop", ResizeMode::crop}, {"stretch", ResizeMode::stretch}};
  command->add_option("--resize", options->resize, "crop or stretch")->transform(CLI::CheckedTransformer(resizes));
  const std::map<std::string, UnreadableImages> policies = {{"fail", UnreadableImages::fail}, {"skip", UnreadableImages::skip}};
  command->add_option("--corrupt", options->corrupt, "fail or skip, where a picture cannot be read")
      ->transform(CLI::CheckedTransformer(policies));
  const std::map<std::string, JpegDetail> details = {{"full", JpegDetail::full}, {"reduced", JpegDetail::reduced}};
  command->add_option("--jpeg", options->jpeg, "full or reduced")->transform(CLI::CheckedTransformer(details));
  command->add_option("--channels", options->channels, "3: colour, 1: grey")->check(CLI::IsMember({1, 3}))->capture_default_str();
  command->add_option("--holdout", options->holdout, "part of each class for the test split where there is none")
      ->check(CLI::Range(1e-9, 1 - 1e-9))->capture_default_str();
  command->add_option("--store", options->store, "file to keep the decoded pictures in")->type_name("FILE");
  command->add_option("--threads", *threads, "processor threads (default: all)")->check(CLI::Range(1, 1024));
  command->callback([=, &program] {
    settle_process(program.arguments);
    use_threads(*threads);
    ImageFolderOptions chosen = *options;
    chosen.folder = fs::absolute(options->folder).string();
    const auto start = std::chrono::steady_clock::now();
    DataFolders folders;
    folders.tell = [&](const std::string& notice) {
      if (!program.output.quiet) print_error("{}\n", notice);
    };
    const LoadedImages loaded = load_images(chosen, folders, terminal_progress(program.output));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const Json json = images_json(loaded, seconds);
    if (program.output.json) print_out("{}\n", json.dump(1));
    else print_images(json, program.output);
  });
}

}  // namespace

void add_data(Program& program) {
  CLI::App* command =
      add_command(program, "data", "Fetch data sets, draw the built-in one into files, or look into a folder of pictures");
  command->require_subcommand(1);
  command->fallthrough();  // --quiet and --json may stand behind the name of the inner subcommand too
  add_fetch(*command, program);
  add_synthesize(*command, program);
  add_images(*command, program);
}

}  // namespace limbeck

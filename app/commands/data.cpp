// limbeck data fetch NAME | synthesize --out DIR
#include <fmt/core.h>

#include "app/commands.h"
#include "data/digits.h"
#include "data/idx.h"
#include "data/published_files.h"

namespace limbeck {
namespace {

struct SynthesizeFlags {
  std::string out;
  int64_t seed = 0;
  int train = 60000;
  int test = 10000;
};

void write_split(const SynthesizeFlags& flags, const std::string& prefix, int count, uint32_t split) {
  const DigitImages images = draw_digits({.seed = static_cast<uint64_t>(flags.seed), .count = count, .split = split});
  const auto bytes = [](const std::vector<uint8_t>& from) { return std::string(from.begin(), from.end()); };
  const fs::path folder = flags.out;
  write_idx(folder / (prefix + "-images-idx3-ubyte.gz"), {{count, kDigitSide, kDigitSide}, bytes(images.pixels)});
  write_idx(folder / (prefix + "-labels-idx1-ubyte.gz"), {{count}, bytes(images.labels)});
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
        fmt::print("{}\n", notice->message);
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
  command->callback([=, &program] {
    make_writable_folder(flags->out);
    write_split(*flags, "train", flags->train, 0);
    write_split(*flags, "t10k", flags->test, 1);
    if (!program.output.quiet)
      fmt::print("{} training and {} test images of digits are in {}\n", flags->train, flags->test, flags->out);
  });
}

}  // namespace

void add_data(Program& program) {
  CLI::App* command = add_command(program, "data", "Fetch data sets, or draw the built-in one into files");
  command->require_subcommand(1);
  add_fetch(*command, program);
  add_synthesize(*command, program);
}

}  // namespace limbeck

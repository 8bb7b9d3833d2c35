// limbeck data fetch NAME | synthesize --out DIR | images FOLDER
#include "app/commands/data.h"

#include <fmt/core.h>

#include "app/commands.h"

namespace limbeck {
namespace {

void add_fetch(CLI::App& data, Program& program) {
  CLI::App* command =
      data.add_subcommand("fetch", "Download a data set and verify it, or say which files to put where");
  auto flags = std::make_shared<FetchFlags>();
  command->add_option("name", flags->name, "data set, e.g. mnist")->required()->type_name("NAME");
  command->add_option("--data", flags->data, "folder to put it into (default: $LIMBECK_DATA, then the cache folder)")
      ->type_name("DIR");
  command->callback([=, &program] { program.act(&Actions::fetch, *flags); });
}

void add_synthesize(CLI::App& data, Program& program) {
  CLI::App* command = data.add_subcommand("synthesize", "Draw the built-in digits and write them as gzipped IDX files");
  auto flags = std::make_shared<SynthesizeFlags>();
  command->add_option("--out", flags->out, "folder to write to; `--data` of a run with `source: mnist` reads it")
      ->required()
      ->type_name("DIR");
  command->add_option("--seed", flags->seed, "of the drawing")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 52))
      ->option_text(fmt::format("N={}", flags->seed));
  command->add_option("--train", flags->train, "training images")->check(CLI::Range(1, 1000000))->capture_default_str();
  command->add_option("--test", flags->test, "test images")->check(CLI::Range(1, 1000000))->capture_default_str();
  command->add_flag("--force", flags->force, "overwrite files that Limbeck did not write, such as MNIST's own");
  command->callback([=, &program] { program.act(&Actions::synthesize, *flags); });
}

void add_images(CLI::App& data, Program& program) {
  CLI::App* command = data.add_subcommand(
      "images", "Decode a folder of pictures as the data source `images` does, and say what is in it");
  auto flags = std::make_shared<ImagesFlags>();
  command->add_option("folder", flags->folder, "folder with train/CLASS/* and test/CLASS/*, or CLASS/*")
      ->required()
      ->type_name("DIR");
  command->add_option("--size", flags->size, "side, or height and width, pixels")
      ->expected(1, 2)
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--resize", flags->resize, "crop or stretch")
      ->check(CLI::IsMember({"crop", "stretch"}))
      ->capture_default_str();
  command->add_option("--corrupt", flags->corrupt, "fail or skip, where a picture cannot be read")
      ->check(CLI::IsMember({"fail", "skip"}))
      ->capture_default_str();
  command->add_option("--jpeg", flags->jpeg, "full or reduced")
      ->check(CLI::IsMember({"full", "reduced"}))
      ->capture_default_str();
  command->add_option("--channels", flags->channels, "3: colour, 1: grey")
      ->check(CLI::IsMember({1, 3}))
      ->capture_default_str();
  command->add_option("--holdout", flags->holdout, "part of each class for the test split where there is none")
      ->check(CLI::Range(1e-9, 1 - 1e-9))
      ->capture_default_str();
  command->add_option("--store", flags->store, "file to keep the decoded pictures in")->type_name("FILE");
  command->add_option("--threads", flags->threads, "processor threads (default: all)")->check(CLI::Range(1, 1024));
  command->callback([=, &program] { program.act(&Actions::images, *flags); });
}

}  // namespace

void add_data(Program& program) {
  CLI::App* command = add_command(
      program, "data", "Fetch data sets, draw the built-in one into files, or look into a folder of pictures");
  command->require_subcommand(1);
  command->fallthrough();  // --quiet and --json may stand behind the name of the inner subcommand too
  add_fetch(*command, program);
  add_synthesize(*command, program);
  add_images(*command, program);
}

}  // namespace limbeck

#include "app/run_flags.h"

#include "app/command.h"

namespace limbeck {

std::vector<CLI::Option*> add_cuda_graph_flags(CLI::App& app, std::optional<bool>& chosen) {
  const auto add = [&](const char* name, bool value, const char* what) {
    return app.add_flag_callback(
        name, [&chosen, value] { chosen = value; }, what);
  };
  CLI::Option* off = add("--no-cuda-graphs", false, "on a CUDA device, launch kernel by kernel");
  CLI::Option* on = add("--cuda-graphs", true,
                        "capture a training step once and launch it as one CUDA graph (default on a CUDA device)");
  off->excludes(on);
  return {off, on};
}

void RunFlags::add_to(CLI::App& app, const Program& program) {
  constexpr const char *kFolders = "Folders", *kChanges = "What is run", *kMachine = "Machine";
  for (char** argument = program.arguments; argument != nullptr && *argument != nullptr; ++argument)
    command.emplace_back(*argument);
  app.add_option("--out", out, "folder for everything the run leaves (default: runs/NAME)")
      ->type_name("DIR")
      ->group(kFolders);
  app.add_flag("--force", force, "overwrite files in the folder that Limbeck did not write")->group(kFolders);
  app.add_option("--data", data, "where the data sets are (default: $LIMBECK_DATA, then the cache folder)")
      ->type_name("DIR")
      ->group(kFolders);
  app.add_option("--reuse", reuse, "reuse finished, identical stages of another run; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->group(kFolders);
  app.add_flag("--tensorboard", tensorboard, "also write event files: tensorboard --logdir OUT/tensorboard")
      ->group(kFolders);
  app.add_option("--set", settings, "change one value of the recipe, e.g. stages.distilled.epochs=10; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(kChanges);
  app.add_option("--seed", seed, "seed of all randomness (default: the recipe's)")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 52))
      ->option_text("N")
      ->group(kChanges);
  app.add_option("--seeds", seeds, "run so many seeds, from --seed on, and report mean and deviation")
      ->check(CLI::Range(1, 1000))
      ->option_text("N")
      ->group(kChanges);
  app.add_option("--device", device, "cpu, cuda or auto")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->option_text("NAME=auto")
      ->group(kMachine);
  for (CLI::Option* flag : add_cuda_graph_flags(app, cuda_graphs)) flag->group(kMachine);
  app.add_option("--threads", threads, "processor threads (default: all)")
      ->check(CLI::Range(1, 1024))
      ->option_text("N")
      ->group(kMachine);
}

}  // namespace limbeck

#include "serve/run_progress.h"

#include <algorithm>

#include "experiment/components.h"
#include "experiment/specialists.h"
#include "results/run_files.h"

namespace limbeck {
namespace {

constexpr size_t kRecentEpochs = 3;  // whose mean time foretells the rest

/// A training that a stage consists of: its folder in stages/, and what it is called beside others.
struct Part {
  std::string folder;
  std::string label;  ///< "network 3 of 10"; empty for the stage's only one
};

std::vector<Part> parts_of(const StageRecipe& stage) {
  std::vector<Part> parts;
  const StageForm form = stage.form();
  const int64_t others = form.apart ? form.members : form.rounds - 1;
  const auto label = [&](int64_t k) {
    return form.apart ? fmt::format("{} {} of {}", form.member, k, form.members)
                      : fmt::format("round {} of {}", k, form.rounds);
  };
  for (int64_t k = 1; k <= others; ++k) parts.push_back({part_name(stage.name, k), label(k)});
  // The stage itself comes last: what it trains, or what it makes of the others.
  parts.push_back({stage.name, form.rounds > 1 ? label(form.rounds) : ""});
  return parts;
}

/// What one training has left.
struct PartFiles {
  bool done = false;
  bool begun = false;
  std::vector<ReportedEpoch> epochs;
};

PartFiles read_part(const ServedRun& run, const SeedFolder& seed, const std::string& folder) {
  const fs::path stage = fs::path(seed.prefix) / "stages" / folder;
  PartFiles files;
  files.done = run.file(stage / "stage.json").has_value();
  if (const auto metrics = run.file(stage / "metrics.jsonl")) {
    files.begun = true;
    files.epochs = read_metrics(*metrics);
  }
  return files;
}

double recent_seconds(const std::vector<ReportedEpoch>& epochs) {
  const size_t count = std::min(kRecentEpochs, epochs.size());
  double sum = 0;
  for (size_t i = epochs.size() - count; i < epochs.size(); ++i) sum += epochs[i].seconds.value_or(0);
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

void describe(const PartFiles& files, const std::string& label, int64_t planned_epochs, StageProgress& stage) {
  stage.under_way = label;
  stage.epochs = planned_epochs;
  if (files.epochs.empty()) return;
  const ReportedEpoch& last = files.epochs.back();
  stage.epoch = last.epoch;
  stage.epochs = last.epochs.value_or(planned_epochs);
  stage.examples_per_second = last.examples_per_second;
  if (last.seconds)
    stage.seconds_left =
        recent_seconds(files.epochs) * static_cast<double>(std::max<int64_t>(0, stage.epochs - stage.epoch));
}

StageProgress stage_progress(const ServedRun& run, const std::string& name, const std::vector<Part>& parts,
                             int64_t epochs, bool working) {
  StageProgress stage{.name = name};
  bool begun = false;
  double shares = 0;
  for (const SeedFolder& seed : run.seeds())
    for (const Part& part : parts) {
      const PartFiles files = read_part(run, seed, part.folder);
      ++stage.parts;
      stage.parts_done += files.done ? 1 : 0;
      const auto done = static_cast<double>(files.epochs.empty() ? 0 : files.epochs.back().epoch);
      const auto planned =
          static_cast<double>(files.epochs.empty() ? epochs : files.epochs.back().epochs.value_or(epochs));
      shares += files.done ? 1 : planned > 0 ? std::min(1.0, done / planned) : 0;
      begun |= files.begun || files.done;
      if (files.done || !files.begun) continue;
      const std::string of_seed = seed.seed ? fmt::format("seed {}", *seed.seed) : "";
      describe(files, of_seed + (of_seed.empty() || part.label.empty() ? "" : ", ") + part.label, epochs, stage);
    }
  stage.share = stage.parts == 0 ? 0 : shares / static_cast<double>(stage.parts);
  if (stage.parts_done == stage.parts)
    stage.state = StageState::done;
  else if (begun)
    stage.state = working ? StageState::training : StageState::stopped;
  return stage;
}

}  // namespace

std::string to_text(StageState state) {
  switch (state) {
    case StageState::waiting:
      return "waiting";
    case StageState::training:
      return "training";
    case StageState::stopped:
      return "stopped";
    case StageState::done:
      return "done";
  }
  return "";
}

std::optional<Recipe> recipe_of(const ServedRun& run) {
  std::vector<std::string> places = {"recipe.yaml"};
  for (const SeedFolder& seed : run.seeds()) places.push_back(seed.prefix + "recipe.yaml");
  for (const std::string& place : places) {
    const auto file = run.file(place);
    if (!file) continue;
    try {
      return parse_recipe(read_file(*file), place, {}, components());
    } catch (const Error&) {
      return std::nullopt;  // of another version of the program
    }
  }
  return std::nullopt;
}

RunProgress run_progress(const ServedRun& run, const std::optional<Recipe>& recipe) {
  RunProgress progress;
  const bool working = is_held(run.folder());
  if (recipe) {
    for (const StageRecipe& stage : recipe->stages)
      progress.stages.push_back(stage_progress(run, stage.name, parts_of(stage), stage.epochs, working));
  } else {
    std::vector<std::string> names;
    for (const SeedFolder& seed : run.seeds())
      for (const std::string& name : run.stage_folders(seed))
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    for (const std::string& name : names)
      progress.stages.push_back(stage_progress(run, name, {{name, ""}}, 0, working));
  }
  const auto all = [&](StageState state) {
    return std::all_of(progress.stages.begin(), progress.stages.end(),
                       [&](const StageProgress& stage) { return stage.state == state; });
  };
  if (working)
    progress.state = StageState::training;
  else if (progress.stages.empty() || all(StageState::done))
    progress.state = run.file("results.json") ? StageState::done : StageState::stopped;
  else
    progress.state = all(StageState::waiting) ? StageState::waiting : StageState::stopped;
  return progress;
}

}  // namespace limbeck

#include "report/page/page.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "report/recovery.h"

namespace limbeck {
namespace {

struct SeedFolder {
  int64_t seed = 0;
  fs::path folder;
};

/// The folders that hold stages/: one for each seed of a run over several, else the run's own.
std::vector<SeedFolder> seed_folders(const fs::path& run_folder, const ReportedRun& run) {
  std::vector<SeedFolder> folders;
  for (const int64_t seed : run.seeds) {
    const fs::path folder = run_folder / fmt::format("seed-{}", seed);
    std::error_code ignored;
    if (fs::is_directory(folder, ignored)) folders.push_back({seed, folder});
  }
  if (folders.empty()) folders.push_back({run.seeds.empty() ? 0 : run.seeds.front(), run_folder});
  return folders;
}

/// The metrics of a stage's one training, or of each of the members that it is made of.
std::vector<std::vector<ReportedEpoch>> read_trainings(const fs::path& stages, const std::string& name) {
  std::vector<std::vector<ReportedEpoch>> trainings;
  if (auto own = read_metrics(stages / name / "metrics.jsonl"); !own.empty()) return {std::move(own)};
  for (int64_t member = 1;; ++member) {
    auto of_member = read_metrics(stages / fmt::format("{}.{}", name, member) / "metrics.jsonl");
    if (of_member.empty()) return trainings;
    trainings.push_back(std::move(of_member));
  }
}

PageStage read_stage(const ReportedStage& result, const std::vector<SeedFolder>& folders, const std::string& split) {
  PageStage stage;
  stage.result = &result;
  std::vector<ReportedDetail> details;
  for (const SeedFolder& seed : folders) {
    const fs::path folder = seed.folder / "stages" / result.name;
    for (auto& epochs : read_trainings(seed.folder / "stages", result.name)) stage.epochs.push_back(std::move(epochs));
    if (auto detail = read_detail(folder / "evaluation.json", split)) {
      details.push_back(std::move(*detail));
      stage.seeds_evaluated.push_back(seed.seed);
    }
  }
  stage.detail = pool_details(details);
  return stage;
}

/// What networks cost is told of each seed apart; they are alike in it.
std::vector<ReportedCost> read_costs(const ReportedRun& run, const fs::path& seed_folder) {
  std::error_code ignored;
  if (!run.deployment.empty() || run.seeds.size() < 2 || !fs::is_regular_file(seed_folder / "results.json", ignored))
    return run.deployment;
  return read_reported_run(seed_folder).deployment;
}

void read_examples_of(const fs::path& run_folder, const std::vector<SeedFolder>& folders, Page& page) {
  page.examples = read_examples(run_folder / "examples.json");
  for (const SeedFolder& seed : folders) {
    if (!page.examples.examples.empty()) return;
    page.examples = read_examples(seed.folder / "examples.json");
    if (page.several_seeds()) page.examples_of = fmt::format("seed {}", seed.seed);
  }
}

}  // namespace

Page read_page(const fs::path& run_folder) {
  return read_page(run_folder, read_reported_run(run_folder));
}

Page read_page(const fs::path& run_folder, ReportedRun results) {
  Page page;
  page.run = std::move(results);
  page.split = page.run.main_split();
  page.onnxruntime = read_onnxruntime(run_folder);
  if (page.onnxruntime.empty()) page.onnxruntime = page.run.shipped;
  const std::vector<SeedFolder> folders = seed_folders(run_folder, page.run);
  read_examples_of(run_folder, folders, page);
  std::error_code ignored;
  for (const fs::path& folder : {run_folder, folders.front().folder})
    if (page.recipe.empty() && fs::is_regular_file(folder / "recipe.yaml", ignored))
      page.recipe = read_file(folder / "recipe.yaml");
  for (const ReportedStage& result : page.run.stages) {
    page.stages.push_back(read_stage(result, folders, page.split));
    page.stages.back().colour = static_cast<int>(page.stages.size()) - 1;
  }
  for (const ReportedStage& network : page.run.given) {
    PageStage& given = page.given.emplace_back();
    given.result = &network;
    given.colour = static_cast<int>(page.stages.size() + page.given.size()) - 1;
  }
  page.costs = read_costs(page.run, folders.front().folder);
  return page;
}

std::vector<const PageStage*> Page::networks() const {
  std::vector<const PageStage*> all;
  for (const std::vector<PageStage>* some : {&given, &stages})
    for (const PageStage& network : *some) all.push_back(&network);
  return all;
}

const ReportedCost* Page::cost_of(const std::string& network) const {
  for (const ReportedCost& cost : costs)
    if (cost.name == network) return &cost;
  return nullptr;
}

std::string detail_note(const Page& page, const PageStage& stage) {
  const size_t seeds = stage.seeds_evaluated.size();
  return fmt::format("{} split, {} examples{}", page.split, with_commas(stage.detail.examples),
                     seeds < 2 ? "" : fmt::format(" ({} seeds pooled)", seeds));
}

std::vector<std::pair<std::string, std::string>> stages_by_conditions(const ReportedRun& run) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const ReportedStage& stage : run.stages) {
    if (stage.conditions.empty()) continue;
    const auto same = [&](const auto& entry) { return entry.first == stage.conditions; };
    const auto found = std::find_if(all.begin(), all.end(), same);
    if (found == all.end())
      all.emplace_back(stage.conditions, stage.name);
    else
      found->second += ", " + stage.name;
  }
  return all;
}

std::vector<const PageStage*> chosen_stages(const Page& page, size_t most, bool (*usable)(const PageStage&)) {
  std::vector<const PageStage*> all, chosen;
  for (const PageStage& stage : page.stages)
    if (usable(stage)) all.push_back(&stage);
  if (all.size() <= most) return all;
  std::set<const ReportedStage*> preferred;
  for (const Recovery& recovery : recoveries(page.run, page.split)) {
    std::set<const ReportedStage*> with = preferred;
    for (const ReportedStage* stage : {recovery.student, recovery.baseline, recovery.teacher})
      if (stage) with.insert(stage);
    if (with.size() <= most) preferred = with;
  }
  for (const PageStage* stage : all)
    if (preferred.empty() ? chosen.size() < most : preferred.count(stage->result) > 0) chosen.push_back(stage);
  return chosen;
}

}  // namespace limbeck

#include "sweep/sweep_runner.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <thread>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/subprocess.h"
#include "recipe/recipe.h"
#include "results/binding.h"
#include "results/run_folder.h"
#include "results/run_results.h"
#include "results/sweep_results.h"

namespace limbeck {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBetweenLooks = std::chrono::milliseconds(20);
constexpr auto kLongestSaving = std::chrono::seconds(60);
constexpr size_t kLogLines = 5;  // of a run that failed, in its message

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The last lines of a log.
std::string end_of_log(const fs::path& log) {
  std::string text;
  try {
    text = read_file(log);
  } catch (const Error&) {
    return "";
  }
  text.erase(text.find_last_not_of(" \n") + 1);
  size_t begin = text.size();
  for (size_t lines = 0; lines < kLogLines && begin != std::string::npos; ++lines)
    begin = begin == 0 ? std::string::npos : text.rfind('\n', begin - 1);
  if (begin != std::string::npos) text.erase(0, begin + 1);
  // Names of files may be in another encoding, which JSON cannot hold.
  return parse_json(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace), log.string()).get<std::string>();
}

/// Of a stage, by split; a number of one seed is its own mean.
Named<Spreads> numbers_of(const StageResult& stage) {
  Named<Spreads> numbers;
  for (const auto& [split, evaluation] : stage.evaluations) {
    const Spreads* over_seeds = stage.over_seeds ? stage.over_seeds->find(split) : nullptr;
    Spreads& spreads = numbers[split];
    for (const std::string& metric : evaluation_metrics()) {
      const Spread* known = over_seeds == nullptr ? nullptr : over_seeds->spread(metric);
      if (known != nullptr)
        spreads.set(metric, *known);
      else if (const auto number = evaluation.number(metric))
        spreads.set(metric, spread_of({*number}));
    }
  }
  return numbers;
}

Named<Spreads> results_of(const fs::path& run, const std::string& stage_name) {
  const RunResults results = read_results(run);
  if (const StageResult* stage = results.stage(stage_name)) return numbers_of(*stage);
  throw Error(fmt::format("'{}' has no stage '{}'", (run / "results.json").string(), stage_name));
}

/// Waits where a run of a sweep that was killed still saves into this folder.
void wait_until_free(const fs::path& folder, const std::stop_token& stop) {
  if (!fs::exists(folder)) return;
  for (const Clock::time_point start = Clock::now();; std::this_thread::sleep_for(kBetweenLooks)) {
    try {
      const FolderLock lock(folder);
      return;
    } catch (const Error&) {
      if (Clock::now() - start > kLongestSaving || stop.stop_requested())
        return;  // the run itself will say who holds it
    }
  }
}

constexpr const char *kPending = "pending", *kDone = "done";

class SweepRunner {
 public:
  SweepRunner(SweepPlan plan, const SweepRunOptions& options, const SweepObserver& observer)
      : plan_(std::move(plan)), options_(options), observer_(observer), lock_(options.out) {
    if (fs::exists(options.out / "results.json"))
      throw Error(ErrorKind::usage,
                  fmt::format("'{}' is the folder of a run; choose another --out for the sweep", options.out.string()));
    if (fs::exists(file())) keep_earlier(plan_, read_json(file()));
    if (options.recipes.size() > 1) fs::create_directories(options.out / "recipes");
    for (size_t i = 0; i < options.recipes.size(); ++i) write_file(recipe(i), options.recipes[i].text);
    fs::create_directories(options.out / "points");
    for (const SweepPoint& point : plan_.points) entries_.push_back(first_entry(point));
    processors_ = options.threads > 0 ? options.threads : usable_processors();
    const auto left = static_cast<int>(count(kPending));
    jobs_ = std::max(1, std::min(options.jobs > 0 ? options.jobs : processors_, left));
  }

  Json run() {
    write();
    observer_.started(count(kDone), entries_.size());
    while (count(kPending) > 0) {
      if (options_.stop.stop_requested()) {
        stop();
        break;
      }
      start_ready();
      std::this_thread::sleep_for(kBetweenLooks);
      finish_ended();
    }
    return json();
  }

 private:
  struct Running {
    std::unique_ptr<PointRun> run;
    Clock::time_point start = Clock::now();
  };

  fs::path file() const { return options_.out / "sweep.json"; }
  fs::path recipe(size_t number) const {
    if (options_.recipes.size() == 1) return options_.out / "recipe.yaml";
    return options_.out / "recipes" / (options_.recipes.at(number).name() + ".yaml");
  }
  fs::path folder(const SweepPoint& point) const { return options_.out / point.run; }
  fs::path results_file(const SweepPoint& point) const { return folder(point) / "results.json"; }
  fs::path log(const SweepPoint& point) const { return folder(point).string() + ".log"; }

  SweepPointResult first_entry(const SweepPoint& point) const {
    SweepPointResult entry;
    entry.values = point.values;
    entry.run = point.run;
    entry.status = kPending;
    entry.fingerprint = point.fingerprint;
    const RunFolder run(folder(point));
    if (!point.done || !fs::exists(results_file(point))) return entry;
    try {
      if (point.results_file != fingerprint_of_file(results_file(point)) || !run.stages_are_whole()) return entry;
      note_results(point, entry);
    } catch (const Error&) {
      // The run will write them again.
    }
    return entry;
  }

  /// The point is done: what its run has found, and of which results that was read.
  void note_results(const SweepPoint& point, SweepPointResult& entry) const {
    entry.results = results_of(folder(point), plan_.stage);
    entry.results_file = fingerprint_of_file(results_file(point));
    entry.status = kDone;
  }

  size_t count(const char* status) const {
    return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(),
                                             [&](const SweepPointResult& entry) { return entry.status == status; }));
  }

  Json json() const {
    SweepResults results;
    results.name = plan_.name;
    results.keys = plan_.keys;
    results.metric = plan_.metric;
    results.stage = plan_.stage;
    results.chosen_on = plan_.chosen_on;
    results.seeds = plan_.seeds;
    results.points = entries_;
    return to_json(results);
  }
  void write() const { write_file(file(), json().dump(1) + "\n"); }

  /// A point whose turn it is: not yet run, and whatever it takes over is there.
  bool is_ready(size_t i) const {
    const auto& needed = plan_.points[i].shares_with;
    return entries_[i].status == kPending && !running_.contains(i) &&
           std::none_of(needed.begin(), needed.end(), [&](size_t other) { return entries_[other].status == kPending; });
  }

  void start_ready() {
    std::vector<size_t> ready;
    for (size_t i = 0; i < entries_.size() && running_.size() + ready.size() < static_cast<size_t>(jobs_); ++i)
      if (is_ready(i)) ready.push_back(i);
    // A point that others wait for has all processors; those that run side by side share them.
    if (options_.run_point)
      threads_ = processors_;  // of the process, which all share
    else if (running_.empty() && !ready.empty())
      threads_ = std::max(1, processors_ / static_cast<int>(ready.size()));
    for (const size_t i : ready) start(i);
  }

  void start(size_t i) {
    const SweepPoint& point = plan_.points[i];
    wait_until_free(folder(point), options_.stop);
    const PointRequest request = request_for(point);
    if (!options_.run_point) {
      running_[i] = {run_as_process(request.command, log(point))};
      return;
    }
    fs::create_directories(log(point).parent_path());
    running_[i] = {run_as_thread(
        [this, request](const std::stop_token& stop, const PointLog& say) { options_.run_point(request, stop, say); },
        log(point))};
  }

  PointRequest request_for(const SweepPoint& point) const {
    PointRequest request{.recipe = recipe(point.recipe),
                         .settings = plan_.settings,
                         .seeds = plan_.seeds,
                         .out = folder(point),
                         .reuse = {}};
    request.settings.insert(request.settings.end(), point.settings.begin(), point.settings.end());
    request.settings.push_back(fmt::format("seed={}", plan_.seeds.front()));
    for (const size_t other : point.shares_with)
      if (fs::exists(folder(plan_.points[other]))) request.reuse.push_back(folder(plan_.points[other]).string());
    request.reuse.insert(request.reuse.end(), options_.reuse.begin(), options_.reuse.end());
    request.command = command_of(request);
    return request;
  }

  std::vector<std::string> command_of(const PointRequest& point) const {
    std::vector<std::string> arguments = {kOwnProgram, "run",   point.recipe.string(),
                                          "--quiet",   "--out", point.out.string()};
    const auto add = [&](const char* flag, const std::string& value) {
      arguments.insert(arguments.end(), {flag, value});
    };
    add("--seeds", std::to_string(point.seeds.size()));
    add("--threads", std::to_string(threads_));
    add("--device", options_.device);
    if (!options_.data.empty()) add("--data", options_.data);
    for (const std::string& setting : point.settings) add("--set", setting);
    for (const std::string& run : point.reuse) add("--reuse", run);
    if (options_.cuda_graphs) arguments.emplace_back(*options_.cuda_graphs ? "--cuda-graphs" : "--no-cuda-graphs");
    if (options_.tensorboard) arguments.emplace_back("--tensorboard");
    return arguments;
  }

  void finish_ended() {
    for (auto at = running_.begin(); at != running_.end();) {
      const std::optional<int> code = at->second.run->exit_code();
      if (!code) {
        ++at;
        continue;
      }
      if (options_.stop.stop_requested() && *code != 0) return;  // stop() knows that it was asked to
      const auto [i, seconds] = std::pair{at->first, seconds_since(at->second.start)};
      at = running_.erase(at);
      finish(i, *code, seconds);
    }
  }

  void finish(size_t i, int code, double seconds) {
    SweepPointResult& entry = entries_[i];
    try {
      if (code != 0) {
        const std::string last_line = end_of_log(log(plan_.points[i]));
        throw Error(!last_line.empty() ? last_line
                    : code > 128       ? fmt::format("signal {} ended it", code - 128)
                                       : fmt::format("exit code {}", code));
      }
      note_results(plan_.points[i], entry);
    } catch (const Error& error) {
      entry.status = "failed";
      entry.message = error.what();
    }
    write();
    seconds_.push_back(seconds);
    // The first point may have trained what the others take over.
    const auto counted = seconds_.begin() + (seconds_.size() > 1 ? 1 : 0);
    const double mean = std::accumulate(counted, seconds_.end(), 0.0) / static_cast<double>(seconds_.end() - counted);
    const auto left = static_cast<double>(count(kPending));
    observer_.ended({i, to_json(entry), seconds,
                     left == 0 ? std::nullopt : std::optional(mean * left / std::min<double>(jobs_, left))});
  }

  /// Passes the stop on, once, and waits: a run saves before it ends. Throws unless everything is done by then.
  void stop() {
    for (auto& [i, running] : running_) running.run->stop();
    for (auto& [i, running] : running_)
      if (running.run->wait() == 0) finish(i, 0, seconds_since(running.start));
    running_.clear();
    if (count(kPending) == 0) return;
    throw Error(ErrorKind::interrupted, fmt::format("stopped after {} of {} points; everything is saved",
                                                    entries_.size() - count(kPending), entries_.size()));
  }

  SweepPlan plan_;
  const SweepRunOptions& options_;
  const SweepObserver& observer_;
  FolderLock lock_;
  std::vector<SweepPointResult> entries_;
  std::map<size_t, Running> running_;
  int processors_ = 1;
  int jobs_ = 1;
  int threads_ = 1;
  std::vector<double> seconds_;  ///< of the points that ended
};

}  // namespace

Json run_sweep(SweepPlan plan, const SweepRunOptions& options, const SweepObserver& observer) {
  return SweepRunner(std::move(plan), options, observer).run();
}

}  // namespace limbeck

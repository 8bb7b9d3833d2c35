#include "sweep/sweep_runner.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <thread>

#include "core/claim.h"
#include "core/error.h"
#include "core/json.h"
#include "core/subprocess.h"
#include "results/binding.h"
#include "results/sweep_results.h"
#include "sweep/sweep_folder.h"

namespace limbeck {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBetweenLooks = std::chrono::milliseconds(20);
constexpr auto kBetweenTries = std::chrono::seconds(1);  // to claim what another process had
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

/// Waits where a run of a sweep that was killed still saves into this folder.
void wait_until_free(const fs::path& folder, const std::stop_token& stop) {
  if (!fs::exists(folder)) return;
  for (const Clock::time_point start = Clock::now();; std::this_thread::sleep_for(5 * kBetweenLooks)) {
    try {
      const FolderLock lock(folder);
      return;
    } catch (const Error&) {
      if (Clock::now() - start > kLongestSaving || stop.stop_requested())
        return;  // the run itself will say who holds it
    }
  }
}

/// What a process does for a sweep: the leading one has the folder, writes sweep.json and waits for all points; others
/// run points that nobody runs.
enum class SweepRole { leads, helps };

class SweepRunner {
 public:
  SweepRunner(SweepPlan plan, const SweepRunOptions& options, const SweepObserver& observer, SweepRole role)
      : plan_(std::move(plan)), options_(options), observer_(observer), role_(role), folder_(options.out) {
    if (leads())
      begin();
    else
      join();
    for (size_t i = 0; i < plan_.points.size(); ++i) number_of_[plan_.points[i].run] = i;
    processors_ = options.threads > 0 ? options.threads : usable_processors();
    const auto left = static_cast<int>(count(kPending));
    jobs_ = std::max(1, std::min(options.jobs > 0 ? options.jobs : processors_, left));
  }

  Json run() {
    if (leads()) write();
    for (size_t i = 0; leads() && i < entries_.size(); ++i)
      if (entries_[i].status == kDone) remove_file(folder_.told(plan_.points[i]));
    observer_.started(count(kDone), entries_.size());
    while (has_work()) {
      if (options_.stop.stop_requested()) {
        stop();
        break;
      }
      look_elsewhere();
      start_ready();
      std::this_thread::sleep_for(kBetweenLooks);
      finish_ended();
    }
    return json();
  }

  SweepHelp helped() const { return helped_; }

 private:
  struct Running {
    std::unique_ptr<Claim> claim;
    std::unique_ptr<PointRun> run;  // ends before the claim
    Clock::time_point start = Clock::now();
  };

  bool leads() const { return role_ == SweepRole::leads; }

  void begin() {
    lock_ = std::make_unique<FolderLock>(options_.out);
    if (fs::exists(options_.out / "results.json"))
      throw Error(ErrorKind::usage, fmt::format("'{}' is the folder of a run; choose another --out for the sweep",
                                                options_.out.string()));
    if (fs::exists(folder_.file())) keep_earlier(plan_, read_json(folder_.file()));
    if (options_.recipes.size() > 1) fs::create_directories(options_.out / "recipes");
    for (size_t i = 0; i < options_.recipes.size(); ++i)
      write_file(folder_.recipe(options_.recipes, i), options_.recipes[i].text);
    fs::create_directories(options_.out / "points");
    for (const SweepPoint& point : plan_.points) entries_.push_back(first_entry(point));
  }

  void join() {
    if (!fs::exists(folder_.file()))
      throw Error(ErrorKind::usage,
                  fmt::format("there is no sweep in '{}' to help along; start it by the same command without "
                              "--help-along, and give this one when '{}' is there",
                              options_.out.string(), folder_.file().string()));
    const Json known = read_json(folder_.file());
    entries_ = from_json<SweepResults>(known).points;
    folder_.require_same(plan_, from_json<SweepResults>(known));
    keep_earlier(plan_, known);
  }

  SweepPointResult first_entry(const SweepPoint& point) const {
    SweepPointResult entry;
    entry.values = point.values;
    entry.run = point.run;
    entry.status = kPending;
    entry.fingerprint = point.fingerprint;
    try {
      // A process that helped an earlier sweep may have told of it since.
      const std::optional<SweepPointResult> told = folder_.told_result(point);
      const bool is_done = told && told->status == kDone;
      if (told && !is_done) remove_file(folder_.told(point));  // it is tried again
      SweepPointResult earlier = entry;
      earlier.status = point.done ? kDone : kPending;
      earlier.results_file = point.results_file;
      if (is_done || folder_.are_results_of(point, earlier)) folder_.note_results(point, plan_.stage, entry);
    } catch (const Error&) {
      // The run will write them again.
    }
    return entry;
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
  void write() const { write_file(folder_.file(), json().dump(1) + "\n"); }
  /// Tells the others of a point that is done or failed.
  void tell(size_t i) const {
    if (leads())
      write();
    else
      write_file(folder_.told(plan_.points[i]), to_json(entries_[i]).dump(1) + "\n");
  }

  bool is_waiting(size_t i) const { return entries_[i].status == kPending && !running_.contains(i); }

  /// Points that others run keep the leading process at work, but not one that helps: it ends where it has nothing to
  /// start and nothing to wait for.
  bool has_work() const {
    if (leads()) return count(kPending) > 0;
    if (!running_.empty()) return true;
    for (size_t i = 0; i < entries_.size(); ++i)
      if (is_waiting(i) && !(is_ready(i) && tried_.contains(i))) return true;
    return false;
  }

  /// Takes over what other processes have told since the last look.
  void look_elsewhere() {
    if (Clock::now() < next_look_) return;
    next_look_ = Clock::now() + kBetweenTries;
    if (!leads()) read_states();
    for (const std::string& run : folder_.told_runs())
      if (const auto number = number_of_.find(run); number != number_of_.end() && is_waiting(number->second))
        take_told(number->second);
  }

  /// The states as the leading process knows them.
  void read_states() {
    const auto known = read_sweep_results(options_.out);
    folder_.require_same(plan_, known);
    for (size_t i = 0; i < entries_.size(); ++i)
      if (is_waiting(i) && known.points[i].status != kPending) entries_[i] = known.points[i];
  }

  void take_told(size_t i) {
    const SweepPoint& point = plan_.points[i];
    const std::optional<SweepPointResult> told = folder_.told_result(point);
    if (!told) return;
    if (told->status == kDone)
      folder_.note_results(point, plan_.stage, entries_[i]);
    else
      entries_[i] = *told;
    if (!leads()) return;
    write();
    remove_file(folder_.told(point));
    observer_.ended({.point = i, .entry = to_json(entries_[i]), .seconds = {}, .seconds_left = seconds_left()});
  }

  /// Gets the right to run a point. Returns nullptr if another process has it, or has run it meanwhile.
  std::unique_ptr<Claim> claim(size_t i) {
    if (const auto tried = tried_.find(i); tried != tried_.end() && Clock::now() < tried->second + kBetweenTries)
      return nullptr;
    auto claim = std::make_unique<Claim>(folder_.claim(plan_.points[i]));
    tried_[i] = Clock::now();
    if (!claim->acquired()) return nullptr;
    if (!leads()) read_states();
    if (is_waiting(i)) take_told(i);
    if (!is_waiting(i)) return nullptr;
    tried_.erase(i);
    remove_file(folder_.told(plan_.points[i]));  // of other settings
    return claim;
  }

  /// A point whose turn it is: not yet run, and whatever it takes over is there.
  bool is_ready(size_t i) const {
    const auto& needed = plan_.points[i].shares_with;
    return is_waiting(i) &&
           std::none_of(needed.begin(), needed.end(), [&](size_t other) { return entries_[other].status == kPending; });
  }

  void start_ready() {
    std::map<size_t, std::unique_ptr<Claim>> ready;
    for (size_t i = 0; i < entries_.size() && running_.size() + ready.size() < static_cast<size_t>(jobs_); ++i) {
      if (!is_ready(i)) continue;
      if (auto claimed = claim(i)) ready.emplace(i, std::move(claimed));
    }
    // A point that others wait for has all processors; those that run side by side share them.
    if (options_.run_point)
      threads_ = processors_;  // of the process, which all share
    else if (running_.empty() && !ready.empty())
      threads_ = std::max(1, processors_ / static_cast<int>(ready.size()));
    for (auto& [i, claimed] : ready) running_[i] = {.claim = std::move(claimed), .run = start(i)};
  }

  std::unique_ptr<PointRun> start(size_t i) const {
    const SweepPoint& point = plan_.points[i];
    wait_until_free(folder_.run(point), options_.stop);
    const PointRequest request = request_for(point);
    if (!options_.run_point) return run_as_process(request.command, folder_.log(point));
    return run_as_thread(
        [this, request](const std::stop_token& stop, const PointLog& say) { options_.run_point(request, stop, say); },
        folder_.log(point));
  }

  PointRequest request_for(const SweepPoint& point) const {
    PointRequest request{.recipe = folder_.recipe(options_.recipes, point.recipe),
                         .settings = plan_.settings,
                         .seeds = plan_.seeds,
                         .out = folder_.run(point),
                         .reuse = {}};
    request.settings.insert(request.settings.end(), point.settings.begin(), point.settings.end());
    request.settings.push_back(fmt::format("seed={}", plan_.seeds.front()));
    for (const size_t other : point.shares_with)
      if (const fs::path run = folder_.run(plan_.points[other]); fs::exists(run)) request.reuse.push_back(run.string());
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
      const Running ended = std::move(at->second);  // with its claim, until the others know
      at = running_.erase(at);
      finish(i, *code, seconds);
    }
  }

  void finish(size_t i, int code, double seconds) {
    SweepPointResult& entry = entries_[i];
    try {
      if (code != 0) {
        const std::string last_line = end_of_log(folder_.log(plan_.points[i]));
        throw Error(!last_line.empty() ? last_line
                    : code > 128       ? fmt::format("signal {} ended it", code - 128)
                                       : fmt::format("exit code {}", code));
      }
      folder_.note_results(plan_.points[i], plan_.stage, entry);
    } catch (const Error& error) {
      entry.status = kFailed;
      entry.message = error.what();
      ++helped_.failed;
    }
    ++helped_.ran;
    tell(i);
    seconds_.push_back(seconds);
    observer_.ended({i, to_json(entry), seconds, seconds_left()});
  }

  /// Of the whole sweep, by the points that this process ran.
  std::optional<double> seconds_left() const {
    const auto left = static_cast<double>(count(kPending));
    if (left == 0 || seconds_.empty()) return std::nullopt;
    // The first point may have trained what the others take over.
    const auto counted = seconds_.begin() + (seconds_.size() > 1 ? 1 : 0);
    const double mean = std::accumulate(counted, seconds_.end(), 0.0) / static_cast<double>(seconds_.end() - counted);
    return mean * left / std::min<double>(jobs_, left);
  }

  /// Passes the stop on, once, and waits: a run saves before it ends. Throws unless everything is done by then.
  void stop() {
    for (auto& [i, running] : running_) running.run->stop();
    for (auto& [i, running] : running_)
      if (running.run->wait() == 0) finish(i, 0, seconds_since(running.start));
    running_.clear();
    if (count(kPending) == 0) return;
    if (!leads()) throw Error(ErrorKind::interrupted, "stopped; the sweep resumes the points that were begun");
    throw Error(ErrorKind::interrupted, fmt::format("stopped after {} of {} points; everything is saved",
                                                    entries_.size() - count(kPending), entries_.size()));
  }

  SweepPlan plan_;
  const SweepRunOptions& options_;
  const SweepObserver& observer_;
  SweepRole role_;
  SweepFolder folder_;
  std::unique_ptr<FolderLock> lock_;  ///< of the leading process
  std::vector<SweepPointResult> entries_;
  std::map<std::string, size_t> number_of_;  ///< points by their folders
  std::map<size_t, Running> running_;
  std::map<size_t, Clock::time_point> tried_;  ///< points that another process had when they were claimed
  Clock::time_point next_look_{};
  SweepHelp helped_;
  int processors_ = 1;
  int jobs_ = 1;
  int threads_ = 1;
  std::vector<double> seconds_;  ///< of the points that ended
};

}  // namespace

Json run_sweep(SweepPlan plan, const SweepRunOptions& options, const SweepObserver& observer) {
  return SweepRunner(std::move(plan), options, observer, SweepRole::leads).run();
}

SweepHelp help_sweep(SweepPlan plan, const SweepRunOptions& options, const SweepObserver& observer) {
  SweepRunner runner(std::move(plan), options, observer, SweepRole::helps);
  runner.run();
  return runner.helped();
}

}  // namespace limbeck

#include "sweep/point_run.h"

#include <signal.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "core/error.h"
#include "core/subprocess.h"

namespace limbeck {
namespace {

class PointProcess : public PointRun {
 public:
  PointProcess(const std::vector<std::string>& command, const fs::path& log) : process_(command, log) {}
  std::optional<int> exit_code() override { return process_.exit_code(); }
  int wait() override { return process_.wait(); }
  void stop() override { process_.signal(SIGTERM); }

 private:
  Subprocess process_;
};

class PointThread : public PointRun {
 public:
  PointThread(PointWork work, const fs::path& log) : work_(std::move(work)), log_(log) {
    if (!log_) throw Error(fmt::format("cannot write '{}'", log.string()));
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  std::optional<int> exit_code() override { return code_ == kRunning ? std::nullopt : std::optional(code_.load()); }
  int wait() override {
    if (thread_.joinable()) thread_.join();
    return code_;
  }
  void stop() override { thread_.request_stop(); }

 private:
  static constexpr int kRunning = -1;

  void run(const std::stop_token& stop) {
    const auto say = [this](const std::string& line) { log_ << line << std::endl; };
    int code = 0;
    try {
      work_(stop, say);
    } catch (const std::exception& error) {
      say(error.what());
      code = stop.stop_requested() ? 128 + SIGTERM : 1;
    }
    code_ = code;
  }

  PointWork work_;
  std::ofstream log_;
  std::atomic<int> code_ = kRunning;
  std::jthread thread_;  // last, so that it ends before what it uses
};

}  // namespace

std::unique_ptr<PointRun> run_as_process(const std::vector<std::string>& command, const fs::path& log) {
  return std::make_unique<PointProcess>(command, log);
}

std::unique_ptr<PointRun> run_as_thread(PointWork work, const fs::path& log) {
  return std::make_unique<PointThread>(std::move(work), log);
}

}  // namespace limbeck

#pragma once
// What a user sees while a run works: on a terminal one line that is rewritten, elsewhere a line now and then.
#include <chrono>
#include <string>

#include "core/events.h"

namespace limbeck {

class ProgressPrinter {
 public:
  explicit ProgressPrinter(bool quiet);
  ~ProgressPrinter();
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  void operator()(const Event& event);

 private:
  void handle(const StageStarted& event);
  void handle(const StageReused& event);
  void handle(const StepDone& event);
  void handle(const EpochDone& event);
  void handle(const StageDone& event);
  void handle(const WorkProgress& event);
  void handle(const Notice& event);
  void print_line(const std::string& text);
  void rewrite(const std::string& text);

  using Clock = std::chrono::steady_clock;
  bool quiet_;
  bool terminal_;
  bool line_open_ = false;
  std::string last_epoch_;  ///< what the last finished epoch said
  Clock::time_point stage_start_, last_print_, last_in_epoch_;
  double epochs_at_start_ = 0;
};

}  // namespace limbeck

#pragma once
// What a user sees while a run works: on a terminal one line that is rewritten, elsewhere a line now and then.
#include <chrono>
#include <string>
#include <vector>

#include "app/output.h"
#include "core/events.h"

namespace limbeck {

class ProgressPrinter {
 public:
  explicit ProgressPrinter(const OutputOptions& output);
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
  /// A bar, then those of the parts that fit, the last ones left out first.
  void rewrite(double share, const std::vector<std::string>& parts);

  using Clock = std::chrono::steady_clock;
  bool quiet_;
  bool terminal_;
  bool color_;
  bool line_open_ = false;
  std::string last_epoch_;  ///< what the last finished epoch said
  Clock::time_point stage_start_, last_print_, last_in_epoch_;
  double epochs_at_start_ = 0;
};

}  // namespace limbeck

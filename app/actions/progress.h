#pragma once
// Progress output of a run: a single line that is rewritten on a terminal, else an occasional line.
#include <chrono>
#include <string>
#include <vector>

#include "app/output.h"
#include "limbeck/events.h"

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
  /// Rewrites the line with a progress bar and as many parts as fit, dropping the last ones first.
  void rewrite(double share, const std::vector<std::string>& parts);

  using Clock = std::chrono::steady_clock;
  bool quiet_;
  bool terminal_;
  bool color_;
  bool line_open_ = false;
  std::string last_epoch_;  ///< summary of the last finished epoch
  Clock::time_point stage_start_, last_print_, last_in_epoch_;
  double epochs_at_start_ = 0;
};

}  // namespace limbeck

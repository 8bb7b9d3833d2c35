#pragma once
// Training steps on the CPU, each complete when it returns.
#include <optional>
#include <vector>

#include "train/training_step.h"

namespace limbeck {

class HostStep : public TrainingStep {
 public:
  explicit HostStep(const StepSetup& setup) : setup_(setup), taps_(setup.objective.needs().student_taps) {}

  void begin_epoch(int64_t epoch, int64_t step) override;
  void operator()() override;
  bool is_due() const override { return true; }
  std::optional<StepFailure> settle() override { return failure_; }

 private:
  StepSetup setup_;
  std::vector<std::string> taps_;
  int64_t epoch_ = 0;
  int64_t step_ = 0;  ///< the next one
  std::optional<StepFailure> failure_;
};

}  // namespace limbeck

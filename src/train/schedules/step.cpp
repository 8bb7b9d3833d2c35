// The learning rate is multiplied by `factor` at each of the given epochs.
#include <cmath>

#include "train/schedule.h"

namespace limbeck {
namespace {

struct StepOptions : WarmUp {
  std::vector<int64_t> at;
  double factor_at_each = 0.1;
  void bind(Fields& fields) {
    fields.integers("at", at, at_least(0), "epochs after which the rate falls");
    fields.number("factor", factor_at_each, {.low = 0, .high = 1, .low_open = true}, "what it is multiplied by");
    WarmUp::bind(fields);
  }
};

class StepSchedule : public Schedule {
 public:
  explicit StepSchedule(const StepOptions& options) : options_(options) {}

  double factor(double epoch, double) const override {
    double factor = options_.factor(epoch);
    for (const int64_t boundary : options_.at)
      if (epoch >= static_cast<double>(boundary)) factor *= options_.factor_at_each;
    return factor;
  }

 private:
  StepOptions options_;
};

}  // namespace

void register_step(Catalogue& catalogue) {
  catalogue.add<Schedule, StepOptions>(
      Slot::schedule,
      {.name = "step", .summary = "The learning rate falls by a factor at given epochs.", .principal = "at"},
      [](const StepOptions& options) { return std::make_unique<StepSchedule>(options); });
}

}  // namespace limbeck

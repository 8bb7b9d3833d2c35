// One cycle (Smith, Topin 2018): the learning rate rises along half a cosine from start to full over the first part of
// the stage, then falls along half a cosine to `final`.
#include <cmath>
#include <numbers>

#include "train/schedule.h"

namespace limbeck {
namespace {

struct OneCycleOptions {
  double rise = 0.3;
  double start = 0.04;
  double final = 0.0001;
  void bind(Fields& fields) {
    fields.number("rise", rise, {.low = 0, .high = 1, .low_open = true, .high_open = true},
                  "part of the stage over which the rate rises");
    fields.number("start", start, between(0, 1), "part of the learning rate at the start");
    fields.number("final", final, between(0, 1), "part of the learning rate at the end");
  }
};

class OneCycle : public Schedule {
 public:
  explicit OneCycle(const OneCycleOptions& options) : options_(options) {}

  double factor(double epoch, double epochs) const override {
    const double done = epoch / epochs;
    const auto between = [](double from, double to, double share) {
      return to + (from - to) * (1 + std::cos(std::numbers::pi * share)) / 2;
    };
    if (done < options_.rise) return between(options_.start, 1, done / options_.rise);
    return between(1, options_.final, (done - options_.rise) / (1 - options_.rise));
  }

 private:
  OneCycleOptions options_;
};

}  // namespace

void register_one_cycle(Catalogue& catalogue) {
  catalogue.add<Schedule, OneCycleOptions>(
      Slot::schedule,
      {.name = "one_cycle",
       .summary = "The learning rate rises, then falls, each along half a cosine.",
       .source = "Smith, Topin 2018",
       .principal = "rise"},
      [](const OneCycleOptions& options) { return std::make_unique<OneCycle>(options); });
}

}  // namespace limbeck

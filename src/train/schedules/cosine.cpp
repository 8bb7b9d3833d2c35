// Half a cosine from the full learning rate to `final` of it (Loshchilov, Hutter 2017), after an optional warm-up:
//   factor = final + (1 − final) (1 + cos π t) / 2,  t from 0 to 1 after the warm-up
#include <algorithm>
#include <cmath>
#include <numbers>

#include "train/schedule.h"

namespace limbeck {
namespace {

struct CosineOptions : WarmUp {
  double final = 0;
  void bind(Fields& fields) {
    fields.number("final", final, between(0, 1), "part of the learning rate that is left at the end");
    WarmUp::bind(fields);
  }
};

class Cosine : public Schedule {
 public:
  explicit Cosine(const CosineOptions& options) : options_(options) {}

  double factor(double epoch, double epochs) const override {
    if (epoch < options_.warmup_epochs) return options_.factor(epoch);
    const double length = epochs - options_.warmup_epochs;
    const double done = length > 0 ? std::min(1.0, (epoch - options_.warmup_epochs) / length) : 1;
    return options_.final + (1 - options_.final) * (1 + std::cos(std::numbers::pi * done)) / 2;
  }

 private:
  CosineOptions options_;
};

}  // namespace

void register_cosine(Catalogue& catalogue) {
  catalogue.add<Schedule, CosineOptions>(
      Slot::schedule,
      {.name = "cosine",
       .summary = "The learning rate falls along half a cosine.",
       .formula = "final + (1 - final) (1 + cos(pi t)) / 2",
       .source = "Loshchilov, Hutter 2017",
       .principal = "final"},
      [](const CosineOptions& options) { return std::make_unique<Cosine>(options); });
}

}  // namespace limbeck

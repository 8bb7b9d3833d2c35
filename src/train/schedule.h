#pragma once
// Learning-rate schedules: the factor applied to the learning rate, as a function of the progress of the stage. To add
// one, add a file to schedules/.
#include <memory>

#include "recipe/catalogue.h"

namespace limbeck {

class Schedule {
 public:
  virtual ~Schedule() = default;
  /// `epoch`: epochs done, fractional; `epochs`: total of the stage.
  virtual double factor(double epoch, double epochs) const = 0;
};

/// Linear learning-rate warm-up from 0 over the first epochs, common to all schedules.
struct WarmUp {
  double warmup_epochs = 0;

  void bind(Fields& fields) {
    fields.number("warmup_epochs", warmup_epochs, at_least(0), "the rate first rises linearly over so many epochs");
  }
  double factor(double epoch) const { return epoch < warmup_epochs ? epoch / warmup_epochs : 1; }
};

}  // namespace limbeck

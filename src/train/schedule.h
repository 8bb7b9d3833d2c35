#pragma once
// Learning-rate schedules: the factor by which the learning rate is multiplied, as a function of how much of the stage
// is done. A new one is one new file in schedules/.
#include <memory>

#include "recipe/catalogue.h"

namespace limbeck {

class Schedule {
 public:
  virtual ~Schedule() = default;
  /// `epoch`: epochs done, with fractions; `epochs`: of the whole stage.
  virtual double factor(double epoch, double epochs) const = 0;
};

/// What every schedule has: a linear rise of the learning rate from 0 over the first epochs.
struct WarmUp {
  double warmup_epochs = 0;

  void bind(Fields& fields) {
    fields.number("warmup_epochs", warmup_epochs, at_least(0), "the rate first rises linearly over so many epochs");
  }
  double factor(double epoch) const { return epoch < warmup_epochs ? epoch / warmup_epochs : 1; }
};

}  // namespace limbeck

// The learning rate as it is, after an optional warm-up.
#include "train/schedule.h"

namespace limbeck {
namespace {

class Constant : public Schedule {
 public:
  explicit Constant(const WarmUp& options) : options_(options) {}
  double factor(double epoch, double) const override { return options_.factor(epoch); }

 private:
  WarmUp options_;
};

}  // namespace

void register_constant(Catalogue& catalogue) {
  catalogue.add<Schedule, WarmUp>(Slot::schedule, {.name = "constant", .summary = "The same learning rate throughout."},
                                  [](const WarmUp& options) { return std::make_unique<Constant>(options); });
}

}  // namespace limbeck

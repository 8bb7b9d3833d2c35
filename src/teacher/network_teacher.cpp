#include "teacher/network_teacher.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <utility>

#include "nn/ensembles/committee.h"
#include "nn/inference.h"

namespace limbeck {
namespace {

class NetworkTeacher : public Teacher {
 public:
  NetworkTeacher(std::shared_ptr<const Network> network, const TeacherContext& context)
      : network_(std::move(network)), taps_(context.taps), precision_(context.precision) {
    if (context.tell)
      tell_ = [this, tell = context.tell](const std::string& reason) {
        if (std::exchange(has_told_, true)) return;
        tell("the teacher's convolutions and what follows them are more than one call each, which is slower: " +
             reason);
      };
    const auto* committee = dynamic_cast<const Committee*>(network_.get());
    arithmetic_ = committee != nullptr && committee->mean() == EnsembleMean::arithmetic;
  }

  TeacherOutputs outputs(const Batch& batch) const override {
    const at::NoGradGuard no_gradient;
    Outputs outputs =
        infer(*network_, batch.inputs,
              {.taps = taps_, .precision = precision_, .prepared = &prepared_, .tell = tell_ ? &tell_ : nullptr});
    TeacherOutputs taught{.logits = std::move(outputs.logits), .features = std::move(outputs.features), .members = {}};
    if (arithmetic_) taught.members = at::stack(outputs.members, 1);
    return taught;
  }

  void also_give(const std::vector<std::string>& features) override {
    for (const std::string& name : features)
      if (std::find(taps_.begin(), taps_.end(), name) == taps_.end()) taps_.push_back(name);
    prepared_ = {};  // what is joined with what depends on the taps
  }

  bool can_be_recorded() const override { return network_->capabilities().can_be_recorded; }

 private:
  std::shared_ptr<const Network> network_;
  std::vector<std::string> taps_;
  Precision precision_;
  bool arithmetic_ = false;
  TellReason tell_;
  bool has_told_ = false;
  mutable PreparedWeights prepared_;  // a teacher's weights do not change
};

}  // namespace

std::unique_ptr<Teacher> teach_by(std::shared_ptr<const Network> network, const TeacherContext& context) {
  return std::make_unique<NetworkTeacher>(std::move(network), context);
}

}  // namespace limbeck

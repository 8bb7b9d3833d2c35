#include "teacher/network_teacher.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>

#include "nn/ensembles/committee.h"
#include "nn/inference.h"

namespace limbeck {
namespace {

class NetworkTeacher : public Teacher {
 public:
  NetworkTeacher(std::shared_ptr<const Network> network, const TeacherContext& context)
      : network_(std::move(network)),
        taps_(context.taps),
        precision_(context.precision),
        recorded_(context.recorder && network_->capabilities().can_be_recorded),
        pass_([this](const CapturedFunction::Tensors& inputs) { return pass(inputs[0]); },
              recorded_ ? context.recorder : Recorder()) {
    const auto* committee = dynamic_cast<const Committee*>(network_.get());
    arithmetic_ = committee != nullptr && committee->mean() == EnsembleMean::arithmetic;
  }

  TeacherOutputs outputs(const Batch& batch) const override {
    const at::NoGradGuard no_gradient;
    CapturedFunction::Tensors given = pass_({batch.inputs});
    if (recorded_)  // the next batch's come to the same place
      for (at::Tensor& output : given)
        if (output.defined()) output = output.clone();
    TeacherOutputs taught{.logits = given[kLogits], .features = {}, .members = given[kMembers]};
    for (size_t i = 0; i < taps_.size(); ++i) taught.features[taps_[i]] = given[kFeatures + i];
    return taught;
  }

 private:
  enum Output : size_t { kLogits, kMembers, kFeatures };

  CapturedFunction::Tensors pass(const at::Tensor& inputs) const {
    Outputs outputs = infer(*network_, inputs, {.taps = taps_, .precision = precision_, .prepared = &prepared_});
    CapturedFunction::Tensors given{outputs.logits, arithmetic_ ? at::stack(outputs.members, 1) : at::Tensor()};
    for (const std::string& tap : taps_) given.push_back(outputs.features.at(tap));
    return given;
  }

  std::shared_ptr<const Network> network_;
  std::vector<std::string> taps_;
  Precision precision_;
  bool arithmetic_ = false;
  mutable PreparedWeights prepared_;  // a teacher's weights do not change
  bool recorded_ = false;
  mutable CapturedFunction pass_;
};

}  // namespace

std::unique_ptr<Teacher> teach_by(std::shared_ptr<const Network> network, const TeacherContext& context) {
  return std::make_unique<NetworkTeacher>(std::move(network), context);
}

}  // namespace limbeck

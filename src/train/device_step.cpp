#include "train/device_step.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "kernels/device_turns.h"

namespace limbeck {
namespace {

at::Tensor table(const std::vector<float>& values, int64_t columns) {
  return at::tensor(values, at::kFloat).reshape({-1, columns});
}

}  // namespace

DeviceStep::DeviceStep(const StepSetup& setup)
    : setup_(setup),
      taps_(setup.objective.needs().student_taps),
      whole_([this] { queue(setup_.batches.batch_size()); }, setup.recorder),
      first_([this] { full_ = queue_batch(setup_.batches.batch_size()); }, setup.teacher_recorder) {
  const at::Device device = setup.network.parameters().front().value.device();
  const auto of_type = [&](at::ScalarType type) { return at::TensorOptions(type).device(device); };
  const int64_t steps = setup.batches.per_epoch(), terms = static_cast<int64_t>(setup.objective.names().size());
  epoch_ = at::zeros({}, of_type(at::kLong));
  drawing_ = at::zeros({}, of_type(at::kLong));
  weights_ = at::zeros({steps, terms + 1}, of_type(at::kFloat));
  sums_ = {.sums = at::zeros(setup.sums.state().sizes(), of_type(at::kDouble)),
           .state = at::zeros({2}, of_type(at::kLong)),
           .failed = at::zeros({1 + terms}, of_type(at::kFloat)),
           .rates = at::zeros({steps}, of_type(at::kFloat)),
           .rate = at::zeros({}, of_type(at::kFloat))};
  rounded_ = make_rounded();
}

std::vector<at::Tensor> DeviceStep::make_rounded() const {
  if (setup_.precision != Precision::bfloat16) return {};
  const std::vector<bool> rounds = setup_.network.rounded_parameters();
  if (std::find(rounds.begin(), rounds.end(), true) == rounds.end()) return {};
  std::vector<at::Tensor> copies(setup_.optimizer.parameters().size());
  const std::vector<Parameter>& parameters = setup_.network.parameters();
  for (size_t i = 0; i < parameters.size(); ++i)
    if (rounds[i])
      copies[i] = at::empty_like(parameters[i].value.detach(), at::TensorOptions(at::kBFloat16)).requires_grad_();
  return copies;
}

void DeviceStep::write_rounded() {
  const at::NoGradGuard no_gradient;
  for (size_t i = 0; i < rounded_.size(); ++i)
    if (rounded_[i].defined()) rounded_[i].copy_(setup_.optimizer.parameters()[i].value);
}

void DeviceStep::take_gradients() {
  for (size_t i = 0; i < rounded_.size(); ++i) {
    if (!rounded_[i].defined()) continue;
    at::Tensor value = setup_.optimizer.parameters()[i].value;
    value.mutable_grad() = rounded_[i].grad();
    rounded_[i].mutable_grad() = at::Tensor();
  }
}

void DeviceStep::begin_epoch(int64_t epoch, int64_t step) {
  epoch_number_ = epoch;
  step_ = step;
  const int64_t steps = setup_.batches.per_epoch(), drawing = setup_.batches.drawing(epoch);
  setup_.batches.prepare(epoch);
  if (setup_.teacher != nullptr) setup_.teacher->prepare_epoch(drawing, setup_.between);
  std::vector<float> rates, weights;
  for (int64_t i = 0; i < steps; ++i) {
    rates.push_back(static_cast<float>(setup_.optimizer.learning_rate() * setup_.rate_factor(epoch, i)));
    for (const double weight : setup_.objective.weights_at(setup_.epochs_done(epoch, i)).numbers)
      weights.push_back(static_cast<float>(weight));
    weights.push_back(static_cast<float>(setup_.epochs_done(epoch, i)));
  }
  epoch_.fill_(epoch);
  drawing_.fill_(drawing);
  sums_.rates.copy_(at::tensor(rates, at::kFloat));
  weights_.copy_(table(weights, weights_.size(1)));
  sums_.sums.copy_(setup_.sums.state());
  sums_.state.copy_(at::tensor({step, int64_t{-1}}, at::kLong));
  write_rounded();  // the parameters may be those of a checkpoint
  queued_ = 0;
  settled_ = Clock::now();
}

TaughtBatch DeviceStep::queue_batch(int64_t size) {
  const Epoch drawing{setup_.batches.drawing(epoch_number_), drawing_};
  Batch batch = setup_.batches.queued_batch(sums_.state.slice(0, 0, 1), size, drawing);
  TeacherOutputs teacher = setup_.teacher == nullptr ? TeacherOutputs{} : setup_.teacher->outputs(batch);
  return {std::move(batch), std::move(teacher)};
}

void DeviceStep::queue_learning(const TaughtBatch& taught) {
  for (at::Tensor& copy : rounded_)  // of a capture that failed
    if (copy.defined()) copy.mutable_grad() = at::Tensor();
  const Batch& batch = taught.batch;
  const at::Tensor row = weights_.index_select(0, sums_.state.slice(0, 0, 1))[0];
  const at::Tensor weights = row.slice(0, 0, -1), epochs = row[-1];
  const Noise noise{setup_.seed, {epoch_number_, epoch_}, batch.ids};
  const StepPasses passes = run_passes(setup_, batch, taught.teacher,
                                       {.noise = &noise,
                                        .taps = taps_,
                                        .precision = setup_.precision,
                                        .rounded = rounded_.empty() ? nullptr : &rounded_},
                                       {.numbers = {}, .on_device = weights, .epochs = epochs});
  take_gradients();
  const at::NoGradGuard no_gradient;
  add_step(sums_, passes.values, weights, passes.logits, batch.labels, passes.needs_labels, passes.networks);
  setup_.optimizer.step(DeviceUpdate{sums_.rate, sums_.state, rounded_});
}

void DeviceStep::operator()() {
  DeviceUse::pause();
  const int64_t begin = setup_.batches.examples_in(step_), end = setup_.batches.examples_in(step_ + 1);
  if (end - begin < setup_.batches.batch_size()) {
    queue(end - begin);
  } else if (setup_.recorder) {
    whole_();
  } else {
    first_();
    queue_learning(full_);
  }
  ++step_;
  ++queued_;
}

std::optional<StepFailure> DeviceStep::settle() {
  constexpr double kEverySeconds = 0.1;
  const at::Tensor state = sums_.state.to(at::kCPU);
  at::Tensor sums = setup_.sums.state();
  sums.copy_(sums_.sums);
  const double seconds = std::chrono::duration<double>(Clock::now() - settled_).count();
  settle_after_ =
      std::clamp(static_cast<int64_t>(static_cast<double>(queued_) * kEverySeconds / std::max(seconds, 1e-9)),
                 int64_t{1}, 2 * std::max<int64_t>(queued_, 1));
  queued_ = 0;
  settled_ = Clock::now();
  const auto failed = state[1].item<int64_t>();
  if (failed < 0) return std::nullopt;
  const at::Tensor values = sums_.failed.to(at::kCPU).to(at::kDouble);
  const auto* numbers = values.data_ptr<double>();
  return StepFailure{.step = failed, .values = {numbers, numbers + values.numel()}};
}

}  // namespace limbeck

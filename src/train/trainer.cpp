#include "train/trainer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "core/interrupt.h"
#include "train/evaluation.h"

namespace limbeck {
namespace {

// Places in Progress::sums: what an epoch adds up. The terms follow, each as a sum and a count of examples.
enum Sum : int64_t { kExamples, kLoss, kLabelled, kErrors, kTerms };

int64_t count_of(const std::vector<Parameter>& parameters) {
  int64_t count = 0;
  for (const Parameter& parameter : parameters) count += parameter.value.numel();
  return count;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Trainer::Trainer(const TrainingSetup& setup)
    : setup_(setup),
      objective_(setup.stage.loss),
      optimizer_(make_optimizer(setup.stage.optimizer, prepare())),
      schedule_(setup.stage.schedule.make<Schedule>()),
      step_(make_training_step(setup.network, objective_, *optimizer_, setup.precision, setup.recorder)),
      stopping_(setup.stage.stop, setup.validation.size() > 0) {
  const auto sums = kTerms + 2 * static_cast<int64_t>(objective_.names().size());
  progress_.sums = at::zeros({sums}, at::kDouble);
}

ParameterGroups Trainer::prepare() {
  ParameterGroups groups{{.name = "", .parameters = setup_.network.parameters()}};
  if (!objective_.needs().shapes) return groups;
  objective_.prepare(dry_run(), setup_.seed, setup_.network.parameters().front().value.device());
  if (!objective_.parameters().empty()) groups.push_back({"losses", objective_.parameters()});
  return groups;
}

LossShapes Trainer::dry_run() const {
  const at::NoGradGuard no_gradient;
  const Batch one = setup_.train.batch(at::zeros({1}, setup_.train.ids().options()));
  const Outputs student = setup_.network.forward(one.inputs, {.taps = objective_.needs().student_taps});
  return shapes_of(student, setup_.teacher == nullptr ? TeacherOutputs{} : setup_.teacher->live().outputs(one));
}

TrainingResult Trainer::run() {
  const StageRecipe& stage = setup_.stage;
  if (auto saved = setup_.checkpoint.load(trained_state()))
    progress_ = *saved;
  else
    setup_.checkpoint.remove();  // of another training, whose metrics are about to go
  stopping_.load_state(progress_.stopping);
  note_conditions();
  if (objective_.needs().teacher_statistics) objective_.use(statistics_of(*setup_.teacher, setup_.train));
  setup_.events.emit(StageStarted{stage.name, describe_objective(stage.loss), stage.epochs, progress_.epoch});
  last_save_ = last_report_ = Clock::now();
  const int64_t cycle = setup_.teacher == nullptr ? 0 : setup_.teacher->view_cycle();
  std::set<int64_t> forgotten = forgotten_drawings(cycle);
  while (progress_.epoch < stage.epochs && !stopping_.stops()) {
    const int64_t drawing = cycle > 0 ? progress_.epoch % cycle : progress_.epoch;
    const at::Tensor order = setup_.train.order(setup_.seed, progress_.epoch);
    if (progress_.epoch >= cycle && forgotten.erase(drawing) > 0) ask_again(drawing, steps_per_epoch());
    epoch_seconds_ = epoch_examples_ = 0;
    step_->begin_epoch();
    while (progress_.step < steps_per_epoch()) {
      const Clock::time_point start = Clock::now();
      const Batch batch = batch_of(order, progress_.step, drawing);
      train_step(batch);
      count_step(batch.size(), seconds_since(start));
      if (progress_.step < steps_per_epoch()) save_or_stop();
    }
    finish_epoch();
    save_or_stop();
  }
  stopping_.restore(setup_.network);
  const double examples = static_cast<double>(progress_.epoch * setup_.train.size());
  return {.seconds = progress_.seconds,
          .examples_per_second = examples / std::max(progress_.seconds, 1e-9),
          .epochs = progress_.epoch,
          .kept_epoch = stopping_.kept_epoch() > 0 ? stopping_.kept_epoch() : progress_.epoch,
          .conditions = progress_.conditions,
          .loss_parameters = count_of(objective_.parameters())};
}

void Trainer::note_conditions() {
  std::vector<std::string>& all = progress_.conditions;
  if (!all.empty() && all.back() == setup_.conditions) return;
  if (!all.empty())
    setup_.events.emit(
        Notice{fmt::format("stage '{}' was begun with {} and resumes with {}: its weights will not be bit-identical to "
                           "those of a run without a stop",
                           setup_.stage.name, all.back(), setup_.conditions)});
  all.push_back(setup_.conditions);
}

int64_t Trainer::steps_per_epoch() const {
  return (setup_.train.size() + setup_.stage.batch_size - 1) / setup_.stage.batch_size;
}

Batch Trainer::batch_of(const at::Tensor& order, int64_t step, int64_t drawing) const {
  const int64_t begin = step * setup_.stage.batch_size;
  return setup_.train.batch(order.slice(0, begin, begin + setup_.stage.batch_size), setup_.augmenter, setup_.seed,
                            drawing);
}

std::set<int64_t> Trainer::forgotten_drawings(int64_t cycle) const {
  const bool resumes = (progress_.epoch > 0 || progress_.step > 0) && progress_.epoch < setup_.stage.epochs;
  if (!resumes || setup_.teacher == nullptr || !setup_.teacher->depends_on_past()) return {};
  setup_.events.emit(
      Notice{fmt::format("stage '{}' resumes: the teacher computes again the outputs that were kept in memory; "
                         "`store: FILE` keeps them",
                         setup_.stage.name)});
  std::set<int64_t> forgotten;
  for (int64_t epoch = 0; epoch <= progress_.epoch; ++epoch) {
    if (cycle == 0)
      ask_again(epoch, epoch < progress_.epoch ? steps_per_epoch() : progress_.step);
    else if (epoch < cycle)
      forgotten.insert(epoch);
  }
  return forgotten;
}

void Trainer::ask_again(int64_t epoch, int64_t steps) const {
  const at::Tensor order = setup_.train.order(setup_.seed, epoch);
  for (int64_t step = 0; step < steps; ++step) {
    setup_.teacher->outputs(batch_of(order, step, epoch));
    if (stop_requested() != 0) stop();
  }
}

double Trainer::epochs_done() const {
  return static_cast<double>(progress_.epoch) +
         static_cast<double>(progress_.step) / static_cast<double>(steps_per_epoch());
}

double Trainer::rate_factor() const {
  return schedule_->factor(epochs_done(), static_cast<double>(setup_.stage.epochs));
}

void Trainer::train_step(const Batch& batch) {
  const TeacherOutputs teacher = setup_.teacher == nullptr ? TeacherOutputs{} : setup_.teacher->outputs(batch);
  const StepResult result = (*step_)(batch, teacher, {setup_.seed, progress_.epoch, epochs_done(), rate_factor()});
  check_finite(result.values, teacher, batch);
  add_up(batch, result);
}

void Trainer::add_up(const Batch& batch, const StepResult& result) {
  const at::NoGradGuard no_gradient;
  auto* sums = progress_.sums.data_ptr<double>();
  const auto examples = static_cast<double>(batch.size());
  const Hits hits = count_hits(result.logits, batch.labels);
  const auto labelled = static_cast<double>(hits.labelled);
  sums[kExamples] += examples;
  sums[kLoss] += result.values[0] * examples / static_cast<double>(result.networks);
  sums[kLabelled] += labelled;
  sums[kErrors] += static_cast<double>(hits.labelled - hits.correct);
  for (size_t i = 0; i < result.needs_labels.size(); ++i) {
    const double count = result.needs_labels[i] ? labelled : examples;
    sums[kTerms + 2 * static_cast<int64_t>(i)] += result.values[1 + i] * count;
    sums[kTerms + 2 * static_cast<int64_t>(i) + 1] += count;
  }
}

void Trainer::check_finite(const std::vector<double>& values, const TeacherOutputs& teacher, const Batch& batch) const {
  if (std::isfinite(values[0])) return;
  std::vector<at::Tensor> taught{teacher.logits, teacher.members};
  for (const auto& [name, feature] : teacher.features) taught.push_back(feature);
  at::Tensor known = batch.ids.ge(0);
  for (const at::Tensor& outputs : taught)
    if (outputs.defined()) known = known & outputs.isfinite().flatten(1).all(1).to(known.device());
  if (const auto unknown = batch.size() - known.sum().item<int64_t>(); unknown > 0)
    throw Error(
        fmt::format("stage '{}': the teacher's outputs are not finite for {} of {} examples of the batch, for the "
                    "training example {} first",
                    setup_.stage.name, unknown, batch.size(), batch.ids[known.to(at::kLong).argmin()].item<int64_t>()));
  std::string terms;
  for (size_t i = 0; i < objective_.names().size(); ++i)
    terms += fmt::format("{}{} {}", i == 0 ? "" : ", ", objective_.names()[i], values[1 + i]);
  const double rate = optimizer_->learning_rate() * rate_factor();
  throw Error(
      fmt::format("stage '{}': the loss is not finite in epoch {}, step {} ({}); the learning rate is {:.3g}: try a "
                  "lower one, a warm-up, or max_norm",
                  setup_.stage.name, progress_.epoch + 1, progress_.step + 1, terms, rate));
}

void Trainer::finish_epoch() {
  const auto* sums = progress_.sums.data_ptr<double>();
  const auto mean = [&](int64_t sum, int64_t count) { return sums[count] > 0 ? sums[sum] / sums[count] : 0.0; };
  const auto epochs = static_cast<double>(setup_.stage.epochs);
  EpochDone done;
  done.stage = setup_.stage.name;
  done.epoch = progress_.epoch + 1;
  done.epochs = setup_.stage.epochs;
  done.step = done.epoch * steps_per_epoch();
  const double last_step = epochs_done() - 1.0 / static_cast<double>(steps_per_epoch());
  done.learning_rate = optimizer_->learning_rate() * schedule_->factor(last_step, epochs);
  done.seconds = epoch_seconds_;
  done.examples_per_second = epoch_examples_ / std::max(epoch_seconds_, 1e-9);
  done.train = {.split = "train",
                .examples = static_cast<int64_t>(sums[kLabelled]),
                .errors = static_cast<int64_t>(sums[kErrors]),
                .accuracy = 1 - mean(kErrors, kLabelled),
                .loss = mean(kLoss, kExamples)};
  for (size_t i = 0; i < objective_.names().size(); ++i) {
    const int64_t at = kTerms + 2 * static_cast<int64_t>(i);
    done.terms[objective_.names()[i]] = mean(at, at + 1);
  }
  if (setup_.validation.size() > 0 && (done.epoch % setup_.stage.evaluate_every == 0 || done.epoch == done.epochs)) {
    const Evaluation held_out = evaluate(predict_logits(setup_.network, setup_.validation), setup_.validation.labels());
    done.validation = SplitMetrics{"validation", held_out.examples, held_out.errors, held_out.accuracy, held_out.nll};
  }
  setup_.events.emit(done);
  stopping_.observe(done, setup_.network);
  progress_.stopping = stopping_.state();
  progress_.sums.zero_();
  progress_.step = 0;
  ++progress_.epoch;
}

void Trainer::save_or_stop() {
  const bool stops = stop_requested() != 0;
  const bool first_epoch = progress_.epoch == 1 && progress_.step == 0;
  if (!stops && !first_epoch && seconds_since(last_save_) < setup_.stage.checkpoint_seconds) return;
  setup_.checkpoint.save(trained_state(), progress_);
  last_save_ = Clock::now();
  if (stops) stop();
}

void Trainer::stop() const {
  throw Error(ErrorKind::interrupted, fmt::format("stopped in stage '{}' after {} of {} epochs; everything is saved",
                                                  setup_.stage.name, progress_.epoch, setup_.stage.epochs));
}

void Trainer::count_step(int64_t examples, double seconds) {
  ++progress_.step;
  progress_.seconds += seconds;
  epoch_seconds_ += seconds;
  epoch_examples_ += static_cast<double>(examples);
  constexpr double kEverySeconds = 0.1;
  if (seconds_since(last_report_) < kEverySeconds) return;
  last_report_ = Clock::now();
  const auto* sums = progress_.sums.data_ptr<double>();
  setup_.events.emit(StepDone{.stage = setup_.stage.name,
                              .epoch = progress_.epoch,
                              .epochs = setup_.stage.epochs,
                              .step = progress_.step,
                              .steps = steps_per_epoch(),
                              .examples_per_second = epoch_examples_ / std::max(epoch_seconds_, 1e-9),
                              .loss = sums[kLoss] / std::max(sums[kExamples], 1.0)});
}

}  // namespace limbeck

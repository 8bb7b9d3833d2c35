#include "train/trainer.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "train/evaluation.h"
#include "train/non_finite_loss.h"

namespace limbeck {
namespace {

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
      batches_(setup.train, setup.augmenter, setup.seed, setup.stage.batch_size,
               setup.teacher == nullptr ? 0 : setup.teacher->view_cycle(),
               setup.ranks == nullptr ? BatchShare() : BatchShare{setup.ranks->rank(), setup.ranks->size()}),
      objective_(setup.stage.loss),
      optimizer_(make_optimizer(setup.stage.optimizer, prepare())),
      schedule_(setup.stage.schedule.make<Schedule>()),
      stopping_(setup.stage.stop, setup.validation.size() > 0),
      sums_(objective_.names()),
      rank_work_(setup.ranks == nullptr
                     ? nullptr
                     : std::make_unique<RankWork>(*setup.ranks, objective_, *optimizer_, objective_.parameters(),
                                                  setup.network, batches_, setup.stage.sync_batch_norm)),
      step_setup_(step_setup()),
      step_(make_training_step(step_setup_)) {
  progress_.sums = sums_.state();
}

StepSetup Trainer::step_setup() {
  StepSetup step{.seed = setup_.seed,
                 .epochs = static_cast<double>(setup_.stage.epochs),
                 .network = setup_.network,
                 .objective = objective_,
                 .teacher = setup_.teacher,
                 .schedule = *schedule_,
                 .optimizer = *optimizer_,
                 .batches = batches_,
                 .sums = sums_,
                 .precision = setup_.precision,
                 .between = [this] { stop_between(); },
                 .ranks = rank_work_.get(),
                 .wishes =
                     [this] {
                       return RankWishes{setup_.stop.stop_requested(), is_time_to_save()};
                     }};
  if (!setup_.recorder) return step;
  const bool captures_teacher = setup_.teacher != nullptr && setup_.teacher->can_be_recorded();
  std::string obstacle;
  if (objective_.needs().chooses_examples)
    obstacle = "a loss chooses examples of the batch";
  else if (!setup_.network.capabilities().can_be_recorded)
    obstacle = "the network is a TorchScript program or rounds to int8";
  else if (setup_.teacher != nullptr && !captures_teacher)
    obstacle = "the teacher is a TorchScript program or combines specialists";
  if (obstacle.empty()) {
    step.recorder = setup_.recorder;
    return step;
  }
  if (captures_teacher) step.teacher_recorder = setup_.recorder;
  setup_.events.emit(
      Notice{fmt::format("stage '{}' is trained without CUDA graphs{}: {}, which waits for the device",
                         setup_.stage.name, captures_teacher ? ", except for the teacher's pass" : "", obstacle)});
  return step;
}

void Trainer::begin_together() {
  if (setup_.ranks == nullptr) return;
  setup_.ranks->require_equal(fmt::format("place in the training of stage '{}'", setup_.stage.name),
                              fmt::format("epoch {}, step {}", progress_.epoch, progress_.step));
  const at::NoGradGuard no_gradient;
  for (const auto& tensors : {state_of(setup_.network), optimizer_->state()})
    for (const auto& [name, tensor] : tensors) setup_.ranks->broadcast(tensor);
  for (const auto* own : {&objective_.parameters(), &objective_.state()})
    for (const Parameter& parameter : *own) setup_.ranks->broadcast(parameter.value.detach());
}

bool Trainer::is_stopping() const {
  return rank_work_ != nullptr ? rank_work_->agreed().stop : setup_.stop.stop_requested();
}

bool Trainer::is_time_to_save() const {
  return seconds_since(last_save_) >= setup_.stage.checkpoint_seconds;
}

void Trainer::stop_between() {
  if (rank_work_ != nullptr || !setup_.stop.stop_requested()) return;  // ranks stop together, after a step
  save();
  stop();
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
  const Batch one = batches_.sample();
  const Outputs student = setup_.network.forward(one.inputs, {.taps = objective_.needs().student_taps});
  LossShapes shapes =
      shapes_of(student, setup_.teacher == nullptr ? TeacherOutputs{} : setup_.teacher->live().outputs(one));
  shapes.examples = setup_.train.ids().max().item<int64_t>() + 1;
  return shapes;
}

TrainingResult Trainer::run() {
  const StageRecipe& stage = setup_.stage;
  load_checkpoint();
  begin_together();
  note_conditions();
  if (objective_.needs().teacher_statistics) objective_.use(statistics_of(*setup_.teacher, setup_.train));
  setup_.events.emit(StageStarted{stage.name, describe_objective(stage.loss), stage.epochs, progress_.epoch});
  last_save_ = last_report_ = Clock::now();
  TeacherReplay replay = replay_teacher();
  while (progress_.epoch < stage.epochs && !stopping_.stops()) {
    replay.begin_epoch(progress_.epoch);
    train_epoch();
    finish_epoch();
    save_or_stop();
  }
  if (rank_work_ != nullptr && progress_.seconds > 0)
    setup_.events.emit(Notice{fmt::format("stage '{}': {:.1f} % of the time of training waited for other processes",
                                          stage.name, 100 * rank_work_->waited() / progress_.seconds)});
  stopping_.restore(setup_.network);
  const double examples = static_cast<double>(progress_.epoch * setup_.train.size());
  return {.seconds = progress_.seconds,
          .examples_per_second = examples / std::max(progress_.seconds, 1e-9),
          .epochs = progress_.epoch,
          .kept_epoch = stopping_.kept_epoch() > 0 ? stopping_.kept_epoch() : progress_.epoch,
          .conditions = progress_.conditions,
          .objective = describe_objective(stage.loss),
          .loss_parameters = count_of(objective_.parameters())};
}

void Trainer::load_checkpoint() {
  if (auto saved = setup_.checkpoint.load(trained_state()))
    progress_ = *saved;
  else
    setup_.checkpoint.remove();  // of another training, whose metrics are about to go
  sums_.load_state(progress_.sums);
  stopping_.load_state(progress_.stopping);
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

TeacherReplay Trainer::replay_teacher() {
  TeacherReplay replay(setup_.teacher, batches_, [this] {
    if (rank_work_ == nullptr && setup_.stop.stop_requested()) stop();
  });
  const bool resumes = (progress_.epoch > 0 || progress_.step > 0) && progress_.epoch < setup_.stage.epochs;
  if (!resumes || !replay.is_needed()) return replay;
  setup_.events.emit(
      Notice{fmt::format("stage '{}' resumes: the teacher computes again the outputs that were kept in memory; "
                         "`store: FILE` keeps them",
                         setup_.stage.name)});
  replay.resume(progress_.epoch, progress_.step);
  return replay;
}

void Trainer::train_epoch() {
  step_->begin_epoch(progress_.epoch, progress_.step);  // not part of a step's time
  epoch_seconds_ = epoch_examples_ = 0;
  counted_ = progress_.step;
  mark_ = Clock::now();
  while (progress_.step < batches_.per_epoch()) {
    (*step_)();
    ++progress_.step;
    const bool ends = progress_.step == batches_.per_epoch();
    if (!ends && !step_->is_due() && !is_stopping()) continue;
    settle();
    if (!ends) save_or_stop();
    mark_ = Clock::now();
  }
}

void Trainer::settle() {
  const auto failure = step_->settle();
  if (failure) fail(*failure);
  const double seconds = seconds_since(mark_);
  progress_.seconds += seconds;
  epoch_seconds_ += seconds;
  epoch_examples_ += static_cast<double>(batches_.examples_in(progress_.step) - batches_.examples_in(counted_));
  counted_ = progress_.step;
  report();
}

void Trainer::fail(const StepFailure& failure) {
  const Batch batch = batches_.batch(progress_.epoch, failure.step);
  const TeacherOutputs teacher = setup_.teacher == nullptr ? TeacherOutputs{} : setup_.teacher->outputs(batch);
  throw_non_finite(
      {.stage = setup_.stage.name,
       .epoch = progress_.epoch + 1,
       .step = failure.step + 1,
       .learning_rate = optimizer_->learning_rate() * step_setup_.rate_factor(progress_.epoch, failure.step),
       .terms = objective_.names(),
       .values = failure.values},
      teacher, batch);
}

void Trainer::finish_epoch() {
  EpochDone done;
  done.stage = setup_.stage.name;
  done.epoch = progress_.epoch + 1;
  done.epochs = setup_.stage.epochs;
  done.step = done.epoch * batches_.per_epoch();
  done.learning_rate = optimizer_->learning_rate() * step_setup_.rate_factor(progress_.epoch, batches_.per_epoch() - 1);
  done.seconds = epoch_seconds_;
  done.examples_per_second = epoch_examples_ / std::max(epoch_seconds_, 1e-9);
  done.train = sums_.metrics();
  sums_.write_terms(done);
  if (setup_.validation.size() > 0 && (done.epoch % setup_.stage.evaluate_every == 0 || done.epoch == done.epochs)) {
    const at::Tensor logits = predict_logits(setup_.network, setup_.validation, setup_.ranks);
    const Evaluation held_out = evaluate(logits, setup_.validation.labels());
    done.validation = SplitMetrics{"validation", held_out.examples, held_out.errors, held_out.accuracy, held_out.nll};
  }
  setup_.events.emit(done);
  stopping_.observe(done, setup_.network);
  progress_.stopping = stopping_.state();
  sums_.clear();
  progress_.step = 0;
  ++progress_.epoch;
}

void Trainer::save() {
  if (setup_.ranks == nullptr || setup_.ranks->writes()) setup_.checkpoint.save(trained_state(), progress_);
  last_save_ = Clock::now();
}

void Trainer::save_or_stop() {
  const bool stops = is_stopping();
  const bool first_epoch = progress_.epoch == 1 && progress_.step == 0;
  const bool is_time = rank_work_ != nullptr ? rank_work_->agreed().save : is_time_to_save();
  if (!stops && !first_epoch && !is_time) return;
  save();
  if (stops) stop();
}

void Trainer::stop() const {
  throw Error(ErrorKind::interrupted, fmt::format("stopped in stage '{}' after {} of {} epochs; everything is saved",
                                                  setup_.stage.name, progress_.epoch, setup_.stage.epochs));
}

void Trainer::report() {
  constexpr double kEverySeconds = 0.1;
  if (seconds_since(last_report_) < kEverySeconds) return;
  last_report_ = Clock::now();
  setup_.events.emit(StepDone{.stage = setup_.stage.name,
                              .epoch = progress_.epoch,
                              .epochs = setup_.stage.epochs,
                              .step = progress_.step,
                              .steps = batches_.per_epoch(),
                              .examples_per_second = epoch_examples_ / std::max(epoch_seconds_, 1e-9),
                              .loss = sums_.loss()});
}

}  // namespace limbeck

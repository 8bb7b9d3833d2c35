#include "train/rank_work.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <chrono>

#include "device/autograd_function.h"

namespace limbeck {

/// Gradients that are summed together.
struct RankWork::Bucket {
  at::Tensor values;  ///< flat, float32
  int64_t parameters = 0;
  int64_t awaited = 0;  ///< in this pass
  Ranks::Pending sum;
};

namespace {

constexpr int64_t kBucketElements = int64_t{1} << 18;  // 1 MB

/// Adds the time of its life to a sum of seconds.
class Waiting {
 public:
  explicit Waiting(double& seconds) : seconds_(seconds) {}
  ~Waiting() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Rows of all ranks; each takes the gradient of its own. The gradient of all rows is the same on every rank, since all
/// compute the same losses.
struct JoinedRows : torch::autograd::Function<JoinedRows> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& rows, Ranks* ranks) {
    int64_t begin = 0;
    at::Tensor all = ranks->join_rows(rows, &begin);
    context->saved_data["begin"] = begin;
    context->saved_data["rows"] = rows.size(0);
    return all;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    return {gradients.front().narrow(0, context->saved_data["begin"].toInt(), context->saved_data["rows"].toInt()),
            at::Tensor()};
  }
};

}  // namespace

RankWork::RankWork(Ranks& ranks, const Objective& objective, const Optimizer& optimizer,
                   const std::vector<Parameter>& losses, const Network& network, const TrainingBatches& batches,
                   bool sync_batch_norm)
    : ranks_(ranks),
      optimizer_(optimizer),
      batches_(batches),
      joins_(objective.needs().compares_examples || !objective.state().empty()),
      needs_labels_(objective.needs().labels),
      syncs_batch_norm_(sync_batch_norm),
      sum_([this](const at::Tensor& values) { ranks_.sum(values); }) {
  for (const Parameter& buffer : network.buffers())
    if (buffer.value.is_floating_point()) buffers_.push_back(buffer);
  const std::vector<Parameter>& parameters = optimizer.parameters();
  places_.resize(parameters.size());
  for (const Parameter& parameter : parameters) {
    bool is_loss = false;
    for (const Parameter& own : losses) is_loss |= own.value.is_same(parameter.value);
    is_loss_.push_back(is_loss);
  }
  // The last parameters get their gradients first.
  const auto of_parameters = at::TensorOptions(at::kFloat).device(parameters.front().value.device());
  int64_t elements = 0;
  for (size_t i = parameters.size(); i-- > 0;) {
    if (buckets_.empty() || elements >= kBucketElements) {
      if (!buckets_.empty()) buckets_.back()->values = at::empty({elements}, of_parameters);
      buckets_.push_back(std::make_unique<Bucket>());
      elements = 0;
    }
    places_[i] = {buckets_.size() - 1, elements};
    elements += parameters[i].value.numel();
    ++buckets_.back()->parameters;
  }
  const auto count = static_cast<int64_t>(parameters.size());
  buckets_.back()->values = at::empty({elements + count}, of_parameters);
  received_ = buckets_.back()->values.narrow(0, elements, count);
  has_gradient_ = received_.is_cpu() ? received_ : at::empty({count}, at::kFloat);
  for (size_t i = 0; i < parameters.size(); ++i)
    hooks_.push_back(parameters[i].value.register_hook([this, i](const at::Tensor& gradient) { take(i, gradient); }));
}

RankWork::~RankWork() {
  for (size_t i = 0; i < hooks_.size(); ++i) optimizer_.parameters()[i].value.remove_hook(hooks_[i]);
}

void RankWork::begin_step(int64_t step, const Batch& batch) {
  examples_ = batches_.examples_in(step + 1) - batches_.examples_in(step);
  own_ = batch.size();
  is_divided_ = batches_.is_divided(examples_);
  const double alone = ranks_.rank() == 0 ? 1 : 0;
  share_ = label_share_ = is_divided_ ? static_cast<double>(own_) / static_cast<double>(examples_) : alone;
  if (!is_divided_ || !needs_labels_ || joins_ || !batches_.has_unlabelled()) return;
  const double own = label_weight(batch);
  const at::Tensor all = at::full({1}, own, at::kDouble);
  ranks_.sum(all);
  label_share_ = own / std::max(all.item<double>(), 1e-30);
}

Outputs RankWork::joined(const Outputs& student) const {
  const auto join = [&](const at::Tensor& rows) { return JoinedRows::apply(rows, &ranks_); };
  Outputs all;
  all.logits = join(student.logits);
  for (const auto& [name, feature] : student.features) all.features[name] = join(feature);
  for (const at::Tensor& member : student.members) all.members.push_back(join(member));
  return all;
}

TeacherOutputs RankWork::joined(const TeacherOutputs& teacher) const {
  const auto join = [&](const at::Tensor& rows) { return rows.defined() ? ranks_.join_rows(rows) : rows; };
  TeacherOutputs all;
  all.logits = join(teacher.logits);
  for (const auto& [name, feature] : teacher.features) all.features[name] = join(feature);
  all.members = join(teacher.members);
  return all;
}

Targets RankWork::joined(const Targets& targets) const {
  const auto join = [&](const at::Tensor& rows) { return rows.defined() ? ranks_.join_rows(rows) : rows; };
  return {.labels = join(targets.labels),
          .ids = join(targets.ids),
          .partner_labels = join(targets.partner_labels),
          .mix = join(targets.mix),
          .epochs = targets.epochs};
}

TermWeights RankWork::shared(const TermWeights& weights, const std::vector<bool>& needs_labels) const {
  TermWeights shares = weights;
  if (joins()) return shares;
  for (size_t i = 0; i < shares.numbers.size(); ++i) shares.numbers[i] *= needs_labels[i] ? label_share_ : share_;
  return shares;
}

double RankWork::loss_examples() const {
  return static_cast<double>(joins() ? own_ : examples_);
}

bool RankWork::counts(size_t parameter) const {
  return ranks_.rank() == 0 || (is_divided_ && !(joins() && is_loss_[parameter]));
}

void RankWork::begin_pass() {
  for (const std::unique_ptr<Bucket>& bucket : buckets_) {
    bucket->awaited = bucket->parameters;
  }
  has_gradient_.zero_();
  is_taken_.assign(places_.size(), false);
  ++buckets_.back()->awaited;  // the end of the pass, for what was received
  begun_ = 0;
  is_passing_ = true;
}

void RankWork::take(size_t parameter, const at::Tensor& gradient) {
  if (!is_passing_ || !gradient.defined()) return;
  const at::NoGradGuard no_gradient;
  if (counts(parameter)) {
    values_of(parameter).copy_(gradient);
    has_gradient_.data_ptr<float>()[parameter] = 1;
  } else {
    values_of(parameter).zero_();
  }
  --buckets_[places_[parameter].first]->awaited;
  is_taken_[parameter] = true;
  begin_sums();
}

at::Tensor RankWork::values_of(size_t parameter) const {
  const at::Tensor& value = optimizer_.parameters()[parameter].value;
  const auto [bucket, begin] = places_[parameter];
  return buckets_[bucket]->values.narrow(0, begin, value.numel()).view(value.sizes());
}

/// In the same order on all ranks.
void RankWork::begin_sums() {
  for (; begun_ < buckets_.size() && buckets_[begun_]->awaited == 0; ++begun_)
    buckets_[begun_]->sum = ranks_.begin_sum(buckets_[begun_]->values);
}

void RankWork::finish_pass() {
  is_passing_ = false;
  const std::vector<Parameter>& parameters = optimizer_.parameters();
  for (size_t i = 0; i < parameters.size(); ++i)
    if (!is_taken_[i]) values_of(i).zero_();
  received_.copy_(has_gradient_);
  for (const std::unique_ptr<Bucket>& bucket : buckets_) bucket->awaited = 0;
  begin_sums();
  {
    const Waiting waiting(waited_);
    for (const std::unique_ptr<Bucket>& bucket : buckets_) bucket->sum.wait();
  }
  has_gradient_.copy_(received_);
  const auto* has_gradient = has_gradient_.data_ptr<float>();
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (has_gradient[i] == 0) continue;
    at::Tensor value = parameters[i].value;
    value.mutable_grad() = values_of(i);  // until the next pass
  }
}

at::Tensor RankWork::finish_step(const at::Tensor& sums, const RankWishes& wishes) {
  const at::NoGradGuard no_gradient;
  std::vector<at::Tensor> parts = {at::zeros({2}, at::kDouble),
                                   is_divided_ || ranks_.rank() == 0 ? sums : at::zeros_like(sums)};
  parts[0][0].fill_(wishes.stop ? 1 : 0);
  parts[0][1].fill_(wishes.save && ranks_.rank() == 0 ? 1 : 0);
  for (const Parameter& buffer : buffers_)
    parts.push_back(buffer.value.reshape({-1}).to(at::kCPU, at::kDouble) * share_);
  const at::Tensor all = at::cat(parts);
  {
    const Waiting waiting(waited_);
    ranks_.sum(all);
  }
  agreed_ = {.stop = all[0].item<double>() > 0, .save = all[1].item<double>() > 0};
  int64_t begin = 2 + sums.numel();
  for (Parameter& buffer : buffers_) {
    const int64_t size = buffer.value.numel();
    buffer.value.copy_(all.narrow(0, begin, size).reshape(buffer.value.sizes()));
    begin += size;
  }
  return all.narrow(0, 2, sums.numel());
}

}  // namespace limbeck

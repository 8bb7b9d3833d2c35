#include "nn/ensembles/combined_distribution.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "core/error.h"

namespace limbeck {
namespace {

/// What is added to a logarithm that is −∞: a probability of 10⁻³⁰ changes nothing, and none would change everything.
constexpr double kLeastLog = -69;
constexpr double kLeast = 1e-30;

double log_of(float log_probability) {
  return std::max(kLeastLog, static_cast<double>(log_probability));
}

/// One specialist with a dustbin and what it says of the example.
struct Opinion {
  const std::vector<int64_t>* classes;
  const std::vector<double>* others;  ///< of each class, 0 for the specialist's and 1 for others
  const float* log_p;
  double dustbin() const { return std::exp(log_of(log_p[classes->size()])); }
  double log_dustbin() const { return log_of(log_p[classes->size()]); }
};

/// One example: its distribution, and the sums over all models that no step changes.
class Example {
 public:
  Example(const float* generalist, size_t classes) : q_(classes), next_(classes), fixed_(classes), full_{generalist} {}

  void clear(const float* generalist) {
    full_ = {generalist};
    parts_.clear();
  }
  void add_full(const float* log_p) { full_.push_back(log_p); }
  void add_part(const Opinion& opinion) { parts_.push_back(opinion); }

  /// The number of steps taken; q() is the solution.
  int64_t solve(const CombinationOptions& options) {
    const bool forward = options.divergence == Divergence::forward;
    begin(forward);
    for (int64_t step = 1; step <= options.most_steps; ++step) {
      if (forward)
        step_forward();
      else
        step_reverse();
      double change = 0;
      for (size_t c = 0; c < q_.size(); ++c) change = std::max(change, std::abs(next_[c] - q_[c]));
      std::swap(q_, next_);
      if (change <= options.tolerance / models()) return step;
    }
    return options.most_steps;
  }
  const std::vector<double>& q() const { return q_; }

 private:
  double models() const { return static_cast<double>(full_.size() + parts_.size()); }

  void begin(bool forward) {
    const auto term = [&](float log_p) { return forward ? std::exp(log_of(log_p)) : log_of(log_p); };
    for (size_t c = 0; c < q_.size(); ++c) {
      q_[c] = std::exp(log_of(full_[0][c]));
      fixed_[c] = 0;
      for (const float* log_p : full_) fixed_[c] += term(log_p[c]);
    }
    for (const Opinion& part : parts_) {
      if (!forward)
        for (double& sum : fixed_) sum += part.log_dustbin();
      for (size_t i = 0; i < part.classes->size(); ++i) {
        double& sum = fixed_[static_cast<size_t>((*part.classes)[i])];
        sum += term(part.log_p[i]) - (forward ? 0 : part.log_dustbin());
      }
    }
  }

  /// Σ of q over the classes that are not the specialist's.
  double rest_of(const Opinion& part) const {
    double own = 0;
    for (const int64_t c : *part.classes) own += q_[static_cast<size_t>(c)];
    constexpr double kExact = 1e-3;
    if (1 - own > kExact) return 1 - own;
    double rest = 0;  // the difference would have lost its digits
    for (size_t c = 0; c < q_.size(); ++c) rest += q_[c] * (*part.others)[c];
    return std::max(kLeast, rest);
  }

  void step_forward() {
    double shared = 0;
    std::vector<double>& factors = scratch_;
    factors.clear();
    for (const Opinion& part : parts_) {
      factors.push_back(part.dustbin() / rest_of(part));
      shared += factors.back();
    }
    for (size_t c = 0; c < q_.size(); ++c) next_[c] = fixed_[c] + q_[c] * shared;
    for (size_t m = 0; m < parts_.size(); ++m)
      for (const int64_t c : *parts_[m].classes)
        next_[static_cast<size_t>(c)] -= q_[static_cast<size_t>(c)] * factors[m];
    normalize();
  }

  void step_reverse() {
    const double log_q_weight = static_cast<double>(full_.size());
    double shared = 0;
    std::vector<double>& rests = scratch_;
    rests.clear();
    for (const Opinion& part : parts_) {
      rests.push_back(std::log(rest_of(part)));
      shared += rests.back();
    }
    for (size_t c = 0; c < q_.size(); ++c) {
      const double log_q = std::log(std::max(kLeast, q_[c]));
      next_[c] = log_q * log_q_weight + shared - fixed_[c];  // Σ_m a_c, if the class were no specialist's
    }
    for (size_t m = 0; m < parts_.size(); ++m)
      for (const int64_t c : *parts_[m].classes)
        next_[static_cast<size_t>(c)] += std::log(std::max(kLeast, q_[static_cast<size_t>(c)])) - rests[m];
    double largest = -std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < q_.size(); ++c) {
      next_[c] = std::log(std::max(kLeast, q_[c])) - next_[c] / models();
      largest = std::max(largest, next_[c]);
    }
    for (double& value : next_) value = std::exp(value - largest);
    normalize();
  }

  void normalize() {
    double sum = 0;
    for (double& value : next_) {
      value = std::max(value, 0.0);
      sum += value;
    }
    for (double& value : next_) value /= sum;
  }

  std::vector<double> q_, next_, fixed_, scratch_;
  std::vector<const float*> full_;
  std::vector<Opinion> parts_;
};

void check(const SpecialistOpinion& opinion, int64_t examples, int64_t classes) {
  std::vector<int64_t> sorted = opinion.classes;
  std::sort(sorted.begin(), sorted.end());
  if (!sorted.empty() && (sorted.front() < 0 || sorted.back() >= classes))
    throw Error(fmt::format("a specialist has the class {}; there are the classes 0 to {}",
                            sorted.front() < 0 ? sorted.front() : sorted.back(), classes - 1));
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    throw Error("a class stands twice among a specialist's");
  const int64_t width = sorted.empty() ? classes : static_cast<int64_t>(sorted.size()) + 1, rows = opinion.rows.size(0);
  if (opinion.log_probabilities.sizes() != at::IntArrayRef({rows, width}))
    throw Error(fmt::format("a specialist's distributions should be {} x {}", rows, width));
  if (rows > 0 && (opinion.rows.min().item<int64_t>() < 0 || opinion.rows.max().item<int64_t>() >= examples))
    throw Error(fmt::format("a specialist speaks of an example that is not among the {}", examples));
}

}  // namespace

CombinedDistribution combined_distribution(const at::Tensor& generalist,
                                           const std::vector<SpecialistOpinion>& specialists,
                                           const CombinationOptions& options) {
  const at::Tensor base = generalist.contiguous();
  const int64_t count = base.size(0), classes = base.size(1);
  std::vector<std::vector<double>> others;
  for (const SpecialistOpinion& specialist : specialists) {
    check(specialist, count, classes);
    others.emplace_back(static_cast<size_t>(classes), 1.0);
    for (const int64_t c : specialist.classes) others.back()[static_cast<size_t>(c)] = 0;
  }
  std::vector<at::Tensor> tables;  // contiguous, for as long as pointers into them live
  std::vector<std::vector<std::pair<size_t, const float*>>> speakers(
      static_cast<size_t>(count));  // of each example: specialist, its row
  for (size_t m = 0; m < specialists.size(); ++m) {
    tables.push_back(specialists[m].log_probabilities.to(at::kFloat).contiguous());
    const at::Tensor rows = specialists[m].rows.contiguous();
    for (int64_t i = 0; i < rows.size(0); ++i)
      speakers[static_cast<size_t>(rows.data_ptr<int64_t>()[i])].emplace_back(
          m, tables.back().data_ptr<float>() + i * tables.back().size(1));
  }
  CombinedDistribution result{.log_probabilities = at::empty({count, classes}, at::kFloat)};
  std::atomic<int64_t> most = 0, unfinished = 0;
  at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
    const float* from = base.data_ptr<float>();
    Example example(from, static_cast<size_t>(classes));
    for (int64_t i = begin; i < end; ++i) {
      example.clear(from + i * classes);
      for (const auto& [m, log_p] : speakers[static_cast<size_t>(i)]) {
        if (specialists[m].classes.empty())
          example.add_full(log_p);
        else
          example.add_part({&specialists[m].classes, &others[m], log_p});
      }
      const int64_t steps = example.solve(options);
      if (steps == options.most_steps) ++unfinished;
      for (int64_t seen = most; steps > seen && !most.compare_exchange_weak(seen, steps);) continue;
      float* to = result.log_probabilities.data_ptr<float>() + i * classes;
      for (size_t c = 0; c < static_cast<size_t>(classes); ++c)
        to[c] = static_cast<float>(std::log(std::max(kLeast, example.q()[c])));
    }
  });
  result.steps = most;
  result.unfinished = unfinished;
  return result;
}

}  // namespace limbeck

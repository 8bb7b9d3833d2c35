#include "experiment/specialists.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/tensor.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/random.h"
#include "core/text.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

/// Positions in random order of (seed, specialist, id), at most `count`, sorted.
std::vector<int64_t> drawn(const std::vector<int64_t>& positions, const int64_t* ids, int64_t count, uint64_t seed,
                           int64_t k) {
  std::vector<std::pair<uint32_t, int64_t>> keys;
  for (const int64_t position : positions)
    keys.emplace_back(
        philox({seed, Purpose::others, static_cast<uint32_t>(k), static_cast<uint32_t>(ids[position])}, 0)[0],
        position);
  std::sort(keys.begin(), keys.end());
  std::vector<int64_t> chosen;
  for (const auto& [key, position] : keys)
    if (static_cast<int64_t>(chosen.size()) < count) chosen.push_back(position);
  return chosen;
}

/// Of the examples of a group's classes, the part for which the largest logit among these classes is the right one.
struct Conditional {
  int64_t examples = 0, correct = 0;
};
Conditional conditional(const at::Tensor& logits, const at::Tensor& labels, const std::vector<int64_t>& group) {
  const at::Tensor classes = at::tensor(group, at::kLong);
  const at::Tensor place = labels.unsqueeze(1).eq(classes);  // [n, m]
  const at::Tensor rows = place.any(1).nonzero().flatten();
  const at::Tensor chosen = logits.index_select(0, rows).index_select(1, classes).argmax(1);
  return {rows.size(0), chosen.eq(place.index_select(0, rows).to(at::kLong).argmax(1)).sum().item<int64_t>()};
}

std::optional<double> relative(int64_t before, int64_t after) {
  return before > 0 ? std::optional(static_cast<double>(after) / static_cast<double>(before) - 1) : std::nullopt;
}

}  // namespace

SpecialistExamples specialist_examples(const ExampleSet& train, const std::vector<int64_t>& group,
                                       SpecialistTargets targets, uint64_t seed, int64_t k,
                                       const std::vector<std::string>& classes) {
  const at::Tensor labels = train.labels().to(at::kCPU).contiguous(), ids = train.ids().to(at::kCPU).contiguous();
  std::vector<int64_t> place(classes.size(), -1), seen(group.size());
  for (size_t i = 0; i < group.size(); ++i) place[static_cast<size_t>(group[i])] = static_cast<int64_t>(i);
  const bool full = targets == SpecialistTargets::full;
  const auto dustbin = static_cast<int64_t>(group.size());
  at::Tensor shown = at::empty_like(labels);
  std::vector<int64_t> chosen, others;
  for (int64_t i = 0; i < labels.size(0); ++i) {
    const int64_t label = labels.data_ptr<int64_t>()[i];
    const int64_t at = label < 0 ? -1 : place[static_cast<size_t>(label)];
    shown.data_ptr<int64_t>()[i] = at < 0 ? (full ? -1 : dustbin) : full ? label : at;
    if (at >= 0) {
      chosen.push_back(i);
      ++seen[static_cast<size_t>(at)];
    } else if (label >= 0) {
      others.push_back(i);
    }
  }
  for (size_t i = 0; i < group.size(); ++i)
    if (seen[i] == 0)
      throw Error(ErrorKind::usage,
                  fmt::format("specialist {} knows the class '{}', of which there is no training example", k,
                              classes[static_cast<size_t>(group[i])]));
  if (others.empty())
    throw Error(ErrorKind::usage, fmt::format("specialist {} knows all classes: nothing is left for its dustbin", k));
  const std::vector<int64_t> drawn_others =
      drawn(others, ids.data_ptr<int64_t>(), static_cast<int64_t>(chosen.size()), seed, k);
  const double offset = std::log(static_cast<double>(others.size()) / static_cast<double>(drawn_others.size()));
  chosen.insert(chosen.end(), drawn_others.begin(), drawn_others.end());
  std::sort(chosen.begin(), chosen.end());
  const at::Tensor positions = at::tensor(chosen, at::kLong).to(train.ids().device());
  return {train.with_labels(shown).select(positions, train.name()), offset};
}

void start_from(GraphNetwork& specialist, const GraphNetwork& generalist, SpecialistTargets targets) {
  TensorMap state = state_of(generalist);
  if (targets == SpecialistTargets::dustbin) {
    const TensorMap own = state_of(specialist);
    for (const ParameterDescription& parameter : specialist.graph().parameters_of(specialist.graph().nodes().back()))
      state[parameter.name] = own.at(parameter.name);
  }
  load_state(specialist, state, "the generalist");
}

SpecialistsPart measure_specialists(const Dataset& dataset, const ClassGroups& groups, const at::Tensor& labels,
                                    const at::Tensor& generalist_logits, const at::Tensor& logits) {
  const at::Tensor truth = labels.to(at::kCPU), before = generalist_logits.to(at::kCPU), after = logits.to(at::kCPU);
  const at::Tensor right_before = before.argmax(1).eq(truth), right_after = after.argmax(1).eq(truth);
  SpecialistsPart part;
  part.count = static_cast<int64_t>(groups.groups.size());
  std::vector<int64_t> coverage(dataset.classes.size());
  Conditional of_generalist, of_all;
  for (const std::vector<int64_t>& group : groups.groups) {
    std::vector<std::string> names;
    for (const int64_t c : group) {
      names.push_back(dataset.classes[static_cast<size_t>(c)]);
      ++coverage[static_cast<size_t>(c)];
    }
    const Conditional own = conditional(before, truth, group), with = conditional(after, truth, group);
    of_generalist.examples += own.examples;
    of_generalist.correct += own.correct;
    of_all.correct += with.correct;
    part.groups.push_back({.classes = std::move(names), .test_examples = own.examples});
  }
  part.group_of_class = groups.nearest;
  if (!dataset.superclasses.empty())
    part.adjusted_rand_index = adjusted_rand_index(groups.nearest, dataset.superclasses);
  const double accuracy_before = right_before.to(at::kDouble).mean().item<double>(),
               accuracy = right_after.to(at::kDouble).mean().item<double>();
  part.generalist_accuracy = accuracy_before;
  part.accuracy = accuracy;
  if (accuracy_before > 0) part.relative_gain = accuracy / accuracy_before - 1;
  const auto share = [&](int64_t correct) {
    return of_generalist.examples == 0
               ? std::nullopt
               : std::optional(static_cast<double>(correct) / static_cast<double>(of_generalist.examples));
  };
  part.conditional_accuracy = {.generalist = share(of_generalist.correct), .specialists = share(of_all.correct)};
  const at::Tensor covered = at::tensor(coverage, at::kLong).index_select(0, truth);
  for (int64_t count = 0; count <= covered.max().item<int64_t>(); ++count) {
    const at::Tensor these = covered.eq(count);
    const auto sum = [&](const at::Tensor& of) { return of.logical_and(these).sum().item<int64_t>(); };
    const auto examples = these.sum().item<int64_t>();
    if (examples == 0) continue;
    part.by_coverage.push_back({.specialists = count,
                                .examples = examples,
                                .generalist_correct = sum(right_before),
                                .correct = sum(right_after),
                                .relative_gain = relative(sum(right_before), sum(right_after))});
  }
  return part;
}

std::string specialists_table(const SpecialistsPart& part) {
  std::string text;
  size_t k = 1;
  for (const SpecialistsPart::Group& group : part.groups)
    text += fmt::format("  {:>3}  {}\n", k++, fmt::join(group.classes, ", "));
  text += "  specialists that know the class   examples   generalist right   all right   relative gain\n";
  for (const SpecialistsPart::Coverage& row : part.by_coverage)
    text += fmt::format("  {:>31}   {:>8}   {:>16}   {:>9}   {:>13}\n", row.specialists, with_commas(row.examples),
                        with_commas(row.generalist_correct), with_commas(row.correct),
                        row.relative_gain ? fmt::format("{:+.1f} %", 100 * *row.relative_gain) : "");
  text.pop_back();
  return text;
}

}  // namespace limbeck

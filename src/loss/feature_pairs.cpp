#include "loss/feature_pairs.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "loss/pooling.h"

namespace limbeck {
namespace {

using Feature = FeatureShapes::value_type;

const Feature* find(const FeatureShapes& features, const std::string& name) {
  const auto found =
      std::find_if(features.begin(), features.end(), [&](const Feature& feature) { return feature.first == name; });
  return found == features.end() ? nullptr : &*found;
}

Shape pixels_of(const Shape& shape) {
  return {shape.begin() + 1, shape.end()};
}

bool is_map(const Shape& shape) {
  return shape.size() == 3 && shape[1] * shape[2] > 1;
}

/// layer1, layer2, …; where a network has no such names, all its maps.
FeatureShapes groups_of(const FeatureShapes& features) {
  FeatureShapes groups;
  for (int i = 1; const Feature* layer = find(features, fmt::format("layer{}", i)); ++i) groups.push_back(*layer);
  if (groups.empty()) groups = features;
  const auto is_other = [](const Feature& feature) { return !is_map(feature.second); };
  if (std::all_of(groups.begin(), groups.end(), is_other)) return groups == features ? FeatureShapes{} : groups;
  groups.erase(std::remove_if(groups.begin(), groups.end(), is_other), groups.end());
  return groups;
}

/// Of several maps of one height and width in a row the last one.
FeatureShapes ends_of(const FeatureShapes& groups) {
  FeatureShapes ends;
  for (const Feature& feature : groups) {
    const bool same =
        is_map(feature.second) && !ends.empty() && pixels_of(ends.back().second) == pixels_of(feature.second);
    if (same)
      ends.back() = feature;
    else
      ends.push_back(feature);
  }
  return ends;
}

using Named = std::vector<std::pair<std::string, std::string>>;

/// The ends of groups of the same height and width, or, if there are none, as many from the end as both have.
Named natural_stages(const FeatureShapes& student, const FeatureShapes& teacher) {
  const FeatureShapes ours = ends_of(groups_of(student)), theirs = ends_of(groups_of(teacher));
  Named pairs;
  for (const auto& [to, shape] : ours)
    for (const auto& [from, other] : theirs)
      if (is_map(shape) && is_map(other) && pixels_of(shape) == pixels_of(other)) pairs.emplace_back(to, from);
  if (!pairs.empty()) return pairs;
  const size_t count = std::min(ours.size(), theirs.size());
  for (size_t i = 0; i < count; ++i)
    pairs.emplace_back(ours[ours.size() - count + i].first, theirs[theirs.size() - count + i].first);
  return pairs;
}

/// pool, or the last vector but the logits, which are the last feature.
std::string embedding_of(const FeatureShapes& features) {
  if (find(features, "pool") != nullptr) return "pool";
  for (auto feature = features.rbegin(); feature != features.rend(); ++feature)
    if (!is_map(feature->second) && (feature != features.rbegin() || features.size() == 1)) return feature->first;
  return {};
}

Named natural_pairs(Places places, const FeatureShapes& student, const FeatureShapes& teacher) {
  if (places == Places::embedding) {
    const std::string ours = embedding_of(student), theirs = embedding_of(teacher);
    return ours.empty() || theirs.empty() ? Named{} : Named{{ours, theirs}};
  }
  const Named stages = natural_stages(student, teacher);
  if (stages.empty() || places == Places::stages) return stages;
  return {places == Places::middle ? stages[stages.size() / 2] : stages.back()};
}

}  // namespace

void FeaturePairs::bind(Fields& fields) {
  fields.features("from", from_, Presence::optional,
                  "the teacher's features; none: the natural ones of the two networks, which are told");
  fields.features("to", to_, Presence::optional, "the student's, in the same order; none: those of the same names");
  fields.require(to_.empty() || from_.empty() || to_.size() == from_.size(),
                 "'from' and 'to' are pairs of features; they must have as many names");
}

void FeaturePairs::choose(const FeatureShapes& student, const FeatureShapes& teacher) {
  const Named pairs = natural_pairs(places_, student, teacher);
  if (pairs.empty())
    throw Error(ErrorKind::usage,
                "teacher and student have no features that correspond to each other by themselves; name them: "
                "`from: TEACHERS, to: STUDENTS`");
  from_.clear();
  to_.clear();
  for (const auto& [to, from] : pairs) {
    to_.push_back(to);
    from_.push_back(from);
  }
}

void FeaturePairs::choose(std::vector<std::string> to, std::vector<std::string> from) {
  if (to.size() != from.size() || to.empty())
    throw Error(ErrorKind::usage, fmt::format("{} features of the student and {} of the teacher are given; expected "
                                              "pairs, or names: `from: TEACHERS, to: STUDENTS`",
                                              to.size(), from.size()));
  to_ = std::move(to);
  from_ = std::move(from);
}

LossNeeds FeaturePairs::needs() const {
  return {.student_logits = false, .shapes = true, .student_taps = to(), .teacher_taps = from()};
}

std::vector<ShapePair> FeaturePairs::of(const LossShapes& shapes) const {
  std::vector<ShapePair> pairs;
  for (size_t i = 0; i < from().size(); ++i)
    pairs.push_back({{to()[i], feature_of(shapes.student_features, to()[i], "student")},
                     {from()[i], feature_of(shapes.teacher_features, from()[i], "teacher")}});
  return pairs;
}

std::vector<FeaturePair> FeaturePairs::of(const Outputs& student, const TeacherOutputs& teacher) const {
  std::vector<FeaturePair> pairs;
  for (size_t i = 0; i < from().size(); ++i)
    pairs.push_back({feature_of(student.features, to()[i], "student"),
                     feature_of(teacher.features, from()[i], "teacher").detach()});
  return pairs;
}

std::string FeaturePairs::text(const FeatureShapes& student, const FeatureShapes& teacher) const {
  const auto named = [](const FeatureShapes& features, const std::string& name) {
    const Feature* feature = find(features, name);
    return feature == nullptr ? name : fmt::format("{} ({})", name, to_text(feature->second));
  };
  std::string text;
  for (size_t i = 0; i < from().size(); ++i)
    text += fmt::format("{}{} -> {}", i == 0 ? "" : ", ", named(teacher, from()[i]), named(student, to()[i]));
  return text;
}

void require_maps(const std::vector<ShapePair>& pairs) {
  for (const auto& [student, teacher] : pairs)
    if (student.second.size() != 3 || teacher.second.size() != 3)
      refuse_features(student, teacher, "two pictures [channels, height, width]");
}

void require_maps_or_vectors(const std::vector<ShapePair>& pairs) {
  const auto fits = [](const Shape& shape) { return shape.size() == 3 || shape.size() == 1; };
  for (const auto& [student, teacher] : pairs)
    if (!fits(student.second) || !fits(teacher.second))
      refuse_features(student, teacher, "pictures [channels, height, width] or vectors");
}

void require_equal_channels(const std::vector<ShapePair>& pairs) {
  for (const auto& [student, teacher] : pairs)
    if (student.second.size() != teacher.second.size() || student.second[0] != teacher.second[0])
      refuse_features(student, teacher, "as many channels of both");
}

void bind_pair_weights(Fields& fields, PairWeights& weights) {
  fields.choice<PairWeights>("layers", weights, {{"equal", PairWeights::equal}, {"doubling", PairWeights::doubling}},
                             "weights of several features in their sum: 1, or 1 of the last one and half of the next "
                             "of each other, as in the authors' code");
}

double pair_weight(PairWeights weights, size_t pair, size_t pairs) {
  const double halvings = static_cast<double>(pairs) - static_cast<double>(pair) - 1;
  return weights == PairWeights::equal ? 1 : std::exp2(-halvings);
}

at::Tensor sum_over(const std::vector<FeaturePair>& pairs, const std::function<at::Tensor(const FeaturePair&)>& loss) {
  at::Tensor sum;
  for (const FeaturePair& pair : pairs) {
    const at::Tensor own = loss(pair);
    sum = sum.defined() ? sum + own : own;
  }
  if (!sum.defined()) throw Error("the features of a loss were not chosen");
  return sum;
}

}  // namespace limbeck

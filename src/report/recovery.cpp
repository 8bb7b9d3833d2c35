#include "report/recovery.h"
#include "results/keys.h"

#include <fmt/core.h>

#include <cmath>

namespace limbeck {
namespace {

double errors_of(const ReportedStage& stage, const std::string& split) {
  return stage.measure(split, keys::kErrors)->mean;
}

bool same_network(const ReportedStage& one, const ReportedStage& other) {
  if (one.quantized != other.quantized || one.specialists || other.specialists) return false;
  return !one.network.empty() ? one.network == other.network : one.network_description == other.network_description;
}

/// Whether both were trained on as many labelled examples, where that is known.
bool same_examples(const ReportedStage& one, const ReportedStage& other) {
  const ReportedEvaluation *of_one = one.evaluation(keys::kTrain), *of_other = other.evaluation(keys::kTrain);
  return !of_one || !of_other || of_one->examples == of_other->examples;
}

/// The first stage without teacher that trains the student's network, and that alone, on as many examples.
const ReportedStage* baseline_of(const ReportedRun& run, const ReportedStage& student, const std::string& split) {
  for (const ReportedStage& stage : run.stages) {
    if (&stage != &student && stage.teacher.empty() && stage.replicas == 1 && same_network(stage, student) &&
        same_examples(stage, student) && stage.measure(split, keys::kErrors))
      return &stage;
  }
  return nullptr;
}

}  // namespace

std::optional<double> Recovery::share() const {
  if (!teacher || !baseline || teacher == baseline) return std::nullopt;
  const double gap = errors_of(*baseline, split) - errors_of(*teacher, split);
  if (gap <= 0) return std::nullopt;
  return (errors_of(*baseline, split) - errors_of(*student, split)) / gap;
}

std::string Recovery::sentence() const {
  const auto errors = [&](const ReportedStage& stage) {
    return metric_format(keys::kErrors).formatted_mean(*stage.measure(split, keys::kErrors));
  };
  const std::string own = errors(*student);
  if (!baseline && teacher && teacher->replicas > 1 && same_network(*teacher, *student) &&
      teacher->measure(split, keys::kMemberErrors)) {
    const Spread& member = *teacher->measure(split, keys::kMemberErrors);
    const double gain = member.mean - errors_of(*teacher, split);
    const std::string kept = gain > 0 ? fmt::format("keeps {:.0f} % of the ensemble's gain",
                                                    100 * (member.mean - errors_of(*student, split)) / gain)
                                      : std::string("learns from an ensemble without a gain");
    return fmt::format("{} {}: {} {} errors, where {}'s networks make {} on average and together {}", student->name,
                       kept, own, split, teacher->name, metric_format(keys::kMemberErrors).formatted_mean(member),
                       errors(*teacher));
  }
  if (!baseline)
    return fmt::format("{} makes {} {} errors, its teacher {} makes {}", student->name, own, split, teacher->name,
                       errors(*teacher));
  const std::string alone = errors(*baseline);
  if (!teacher || teacher == baseline)
    return fmt::format("{} makes {} {} errors; {}, the same network without a teacher, makes {}", student->name, own,
                       split, baseline->name, alone);
  const std::string taught = errors(*teacher);
  const std::optional<double> part = share();
  if (!part)
    return fmt::format("{} makes {} {} errors; its teacher {} makes {} and is no better than {} with {}", student->name,
                       own, split, teacher->name, taught, baseline->name, alone);
  if (*part <= 0)
    return fmt::format("{} recovers nothing of the gap: {} {} errors, where {} makes {} and {} {}", student->name, own,
                       split, baseline->name, alone, teacher->name, taught);
  if (*part > 1)
    return fmt::format("{} is better than its teacher: {} {} errors, where {} makes {} and {} {}", student->name, own,
                       split, baseline->name, alone, teacher->name, taught);
  return fmt::format("{} recovers {:.0f} % of the gap: {} {} errors, where {} makes {} and {} {}", student->name,
                     *part * 100, own, split, baseline->name, alone, teacher->name, taught);
}

std::vector<Recovery> recoveries(const ReportedRun& run, const std::string& split) {
  std::vector<Recovery> found;
  for (const ReportedStage& stage : run.stages) {
    if (stage.teacher.empty() || stage.calibrated || !stage.measure(split, keys::kErrors)) continue;
    const ReportedStage* baseline = baseline_of(run, stage, split);
    const ReportedStage* teacher = run.teacher_of(stage);
    if (teacher && !teacher->measure(split, keys::kErrors)) teacher = nullptr;
    if (baseline || teacher) found.push_back({&stage, baseline, teacher, split});
  }
  return found;
}

}  // namespace limbeck

#include <fmt/core.h>

#include <cmath>

#include "app/actions/all.h"
#include "app/commands/loss.h"
#include "app/named_files.h"
#include "core/json.h"
#include "core/own_files.h"
#include "experiment/components.h"
#include "loss/loss_evaluation.h"
#include "nn/tensor_files.h"
#include "recipe/reader.h"
#include "results/keys.h"

namespace limbeck {
namespace {

/// The loss with the options that --set gives it, checked as in a recipe.
LossTermRecipe choose_loss(const std::string& name, const std::vector<std::string>& settings) {
  components().choose(Slot::loss, name);
  std::vector<Diagnostic> diagnostics;
  ReadContext context{components(), diagnostics, {}};
  Value options;
  options.kind = Value::Kind::map;
  options.where = {"limbeck loss", 0, 0};
  for (const std::string& setting : settings) apply_setting(options, setting, diagnostics);
  LossTermRecipe term;
  term.loss = read_options(name, options, options.where, name, Slot::loss, context,
                           [&](MapReader& reader) { term.bind(reader); });
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return term;
}

/// The files of a loss evaluation's features, by name.
struct FeatureFiles {
  std::map<std::string, std::string> student, teacher, gradients, parameters;
};

/// What is written, before any work: a name of a feature that is not given, or a file that is read.
void check_outputs(const LossFlags& flags, const FeatureFiles& features) {
  OutputRules rules{.marks = {""}};  // an array's file says nothing of who wrote it
  const auto reads = [&](const std::string& spec) {
    if (!spec.empty()) rules.reads.push_back(tensor_place(spec).file);
  };
  for (const std::string* read : {&flags.student, &flags.teacher, &flags.labels, &flags.peers}) reads(*read);
  for (const auto* files : {&features.student, &features.teacher, &features.parameters})
    for (const auto& [name, file] : *files) reads(file);
  if (!flags.gradient.empty()) {
    if (flags.student.empty())
      throw Error(ErrorKind::usage, "--gradient is by the student's logits; by a feature it is --feature-gradient");
    check_output(tensor_place(flags.gradient).file, rules);
  }
  for (const auto& [name, file] : features.gradients) {
    if (!features.student.contains(name))
      throw Error(ErrorKind::usage, fmt::format("--feature-gradient {0}: give the feature with --student-feature {0}="
                                                "FILE",
                                                name));
    check_output(tensor_place(file).file, rules);
  }
}

LossTensors read_tensors(const LossFlags& flags, const FeatureFiles& features) {
  const auto read = [](const std::string& spec) { return spec.empty() ? at::Tensor() : read_tensor_file(spec); };
  const auto read_all = [&](const std::map<std::string, std::string>& files) {
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [name, file] : files) tensors[name] = read_tensor_file(file);
    return tensors;
  };
  return {.student = read(flags.student),
          .teacher = read(flags.teacher),
          .labels = read(flags.labels),
          .peers = read(flags.peers),
          .student_features = read_all(features.student),
          .teacher_features = read_all(features.teacher),
          .parameters = read_all(features.parameters),
          .epochs = flags.epochs};
}

}  // namespace

void loss(LossFlags flags, const OutputOptions& output) {
  const LossTermRecipe term = choose_loss(flags.loss, flags.settings);
  const FeatureFiles features{named_files(flags.student_features, "--student-feature"),
                              named_files(flags.teacher_features, "--teacher-feature"),
                              named_files(flags.feature_gradients, "--feature-gradient"),
                              named_files(flags.parameters, "--parameter")};
  check_outputs(flags, features);
  const LossTensors tensors = read_tensors(flags, features);
  const LossEvaluation evaluation = evaluate_loss(term, tensors, static_cast<uint64_t>(flags.seed));
  if (!flags.gradient.empty()) write_tensor_file(flags.gradient, evaluation.gradient);
  for (const auto& [name, file] : features.gradients) write_tensor_file(file, evaluation.feature_gradients.at(name));
  if (!output.json) {
    if (std::isnan(evaluation.value))
      print_out("nan\n");  // without the sign that it may have
    else
      print_out("{:.17g}\n", evaluation.value);
    return;
  }
  Json json = {{"loss", term.loss.name()}, {"value", evaluation.value}, {"examples", evaluation.examples}};
  if (tensors.student.defined()) json["classes"] = tensors.student.size(1);
  int64_t parameters = 0;
  for (const auto& [name, shape] : evaluation.parameters) {
    parameters += element_count(shape);
    json["parameter_shapes"][name] = shape;
  }
  if (parameters > 0) json[keys::kParameters] = parameters;
  json["options"] = field_values(*term.loss.options);
  print_out("{}\n", json.dump(1));
}

}  // namespace limbeck

#include <fmt/core.h>

#include <cmath>

#include "app/actions/all.h"
#include "app/commands/loss.h"
#include "core/json.h"
#include "core/own_files.h"
#include "experiment/components.h"
#include "loss/loss_evaluation.h"
#include "nn/tensor_files.h"
#include "recipe/reader.h"

namespace limbeck {
namespace {

/// The loss with the options that --set gives it, checked as in a recipe.
Choice choose_loss(const std::string& name, const std::vector<std::string>& settings) {
  components().choose(Slot::loss, name);
  std::vector<Diagnostic> diagnostics;
  ReadContext context{components(), diagnostics, {}};
  Value options;
  options.kind = Value::Kind::map;
  options.where = {"limbeck loss", 0, 0};
  for (const std::string& setting : settings) apply_setting(options, setting, diagnostics);
  const Choice choice = read_options(name, options, options.where, name, Slot::loss, context);
  if (!diagnostics.empty()) throw DiagnosticsError(diagnostics);
  return choice;
}

LossTensors read_tensors(const LossFlags& flags) {
  const auto read = [](const std::string& spec) { return spec.empty() ? at::Tensor() : read_tensor_file(spec); };
  return {read(flags.student), read(flags.teacher), read(flags.labels), read(flags.peers)};
}

}  // namespace

void loss(LossFlags flags, const OutputOptions& output) {
  const Choice loss = choose_loss(flags.loss, flags.settings);
  if (!flags.gradient.empty()) {       // a wrong name is found before any work
    OutputRules rules{.marks = {""}};  // an array's file says nothing of who wrote it
    for (const std::string* read : {&flags.student, &flags.teacher, &flags.labels, &flags.peers})
      if (!read->empty()) rules.reads.push_back(tensor_place(*read).file);
    check_output(tensor_place(flags.gradient).file, rules);
  }
  const LossTensors tensors = read_tensors(flags);
  const LossEvaluation evaluation = evaluate_loss(loss, tensors);
  if (!flags.gradient.empty()) write_tensor_file(flags.gradient, evaluation.gradient);
  if (!output.json) {
    if (std::isnan(evaluation.value))
      print_out("nan\n");  // without the sign that it may have
    else
      print_out("{:.17g}\n", evaluation.value);
    return;
  }
  const Json json = {{"loss", loss.name()},
                     {"value", evaluation.value},
                     {"examples", tensors.student.size(0)},
                     {"classes", tensors.student.size(1)},
                     {"options", field_values(*loss.options)}};
  print_out("{}\n", json.dump(1));
}

}  // namespace limbeck

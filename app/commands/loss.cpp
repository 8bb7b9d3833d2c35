// limbeck loss NAME --student FILE …
#include <fmt/core.h>

#include <cmath>

#include "app/commands.h"
#include "core/json.h"
#include "core/own_files.h"
#include "experiment/components.h"
#include "experiment/loss_evaluation.h"
#include "nn/tensor_files.h"
#include "recipe/reader.h"

namespace limbeck {
namespace {

struct LossFlags {
  std::string loss, student, teacher, labels, peers, gradient;
  std::vector<std::string> settings;
};

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

void add_loss(Program& program) {
  CLI::App* command =
      add_command(program, "loss", "Evaluate one loss on logits from files: its value and its gradient");
  auto flags = std::make_shared<LossFlags>();
  command->add_option("loss", flags->loss, "see `limbeck list losses`")->required()->type_name("NAME");
  command->add_option("--student", flags->student, "logits [N, C] of the student")->required()->type_name("FILE");
  command
      ->add_option("--teacher", flags->teacher,
                   "logits of the teacher: [N, C], or [M, N, C] of an ensemble of M networks")
      ->type_name("FILE");
  command->add_option("--labels", flags->labels, "integers [N], from 0 on; -1: unlabelled")->type_name("FILE");
  command
      ->add_option("--peers", flags->peers,
                   "logits [M, N, C] of all networks that are trained together, the student's among them")
      ->type_name("FILE");
  command->add_option("--set", flags->settings, "an option of the loss, e.g. temperature=4; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--gradient", flags->gradient,
                   "file to write the gradient by the student's logits to, in their type")
      ->type_name("FILE");
  command->callback([=, &program] {
    const Choice loss = choose_loss(flags->loss, flags->settings);
    if (!flags->gradient.empty()) {  // a wrong name is found before any work
      OutputRules rules{.marks = {""}};  // an array's file says nothing of who wrote it
      for (const std::string* read : {&flags->student, &flags->teacher, &flags->labels, &flags->peers})
        if (!read->empty()) rules.reads.push_back(tensor_place(*read).file);
      check_output(tensor_place(flags->gradient).file, rules);
    }
    const LossTensors tensors = read_tensors(*flags);
    const LossEvaluation evaluation = evaluate_loss(loss, tensors);
    if (!flags->gradient.empty()) write_tensor_file(flags->gradient, evaluation.gradient);
    if (!program.output.json) {
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
  });
  command->footer(
      "FILE is FILE.npy, or FILE.safetensors with one tensor in it, or FILE.safetensors:NAME. What a loss does not "
      "read may be "
      "given. The value is that of a recipe at weight 1, computed in the type of the student's logits; with --json a "
      "value that "
      "is not finite is null.\n\n"
      "Example:  limbeck loss soft_targets --student z.npy --teacher v.npy --set temperature=4 --gradient g.npy");
}

}  // namespace limbeck

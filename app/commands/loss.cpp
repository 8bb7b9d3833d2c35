// limbeck loss NAME --student FILE …
#include "app/commands/loss.h"

#include "app/commands.h"

namespace limbeck {

void add_loss(Program& program) {
  CLI::App* command =
      add_command(program, "loss", "Evaluate one loss on logits and features from files: its value and its gradient");
  auto flags = std::make_shared<LossFlags>();
  command->add_option("loss", flags->loss, "see `limbeck list losses`")->required()->type_name("NAME");
  command->add_option("--student", flags->student, "logits [N, C] of the student")->type_name("FILE");
  command
      ->add_option("--teacher", flags->teacher,
                   "logits of the teacher: [N, C], or [M, N, C] of an ensemble of M networks")
      ->type_name("FILE");
  command
      ->add_option("--student-feature", flags->student_features,
                   "a feature [N, ...] of the student, for a loss that reads it; may be repeated")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  command
      ->add_option("--teacher-feature", flags->teacher_features, "a feature [N, ...] of the teacher; may be repeated")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  command->add_option("--labels", flags->labels, "integers [N], from 0 on; -1: unlabelled")->type_name("FILE");
  command
      ->add_option("--peers", flags->peers,
                   "logits [M, N, C] of all networks that are trained together, the student's among them")
      ->type_name("FILE");
  command->add_option("--set", flags->settings, "an option of the loss, e.g. temperature=4; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--seed", flags->seed, "seed of the initial parameters of a loss that has some (default: 1)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--parameter", flags->parameters,
                   "values of a parameter of the loss, in place of its initial ones; may be repeated")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  command->add_option("--epochs", flags->epochs, "epochs done, for a loss that changes with them (default: 0)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--gradient", flags->gradient,
                   "file to write the gradient by the student's logits to, in their type")
      ->type_name("FILE");
  command
      ->add_option("--feature-gradient", flags->feature_gradients,
                   "file to write the gradient by a feature of the student to; may be repeated")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  command->callback([=, &program] { program.act(&Actions::loss, *flags); });
  command->footer(
      "FILE is FILE.npy, or FILE.safetensors with one tensor in it, or FILE.safetensors:NAME. Inputs that the loss "
      "does not use are ignored. A loss over features compares those that are given, in alphabetical order, unless "
      "--set from=... and to=... name them. The value is that of a recipe at weight 1, computed in the type of the "
      "student's "
      "logits; with --json a value that is not finite is null.\n\n"
      "Example:  limbeck loss soft_targets --student z.npy --teacher v.npy --set temperature=4 --gradient g.npy");
}

}  // namespace limbeck

// limbeck distill: a recipe from flags, run like any other.
#include "app/commands/distill.h"

#include <fmt/core.h>

#include "app/commands.h"

namespace limbeck {

void add_distill(Program& program) {
  CLI::App* command =
      add_command(program, "distill", "Distil a teacher into a student, from flags instead of a recipe");
  constexpr const char *kTeacher = "Teacher", *kStudent = "Student", *kData = "Data", *kTraining = "Training";
  auto flags = std::make_shared<DistillFlags>();
  command
      ->add_option("--teacher", flags->teacher,
                   "TorchScript, ONNX or .pt2 file, weights.safetensors of a network, '{ resnet18: {}, "
                   "weights: FILE }', or "
                   "a network to train first: mlp:1200,1200")
      ->required()
      ->type_name("MODEL")
      ->group(kTeacher);
  command
      ->add_option(
          "--teacher-size", flags->teacher_size,
          "size that images are resized to for a teacher from such a file: 224, or HEIGHT,WIDTH (default: the data's)")
      ->group(kTeacher);
  command
      ->add_option("--teacher-mean", flags->teacher_mean,
                   "mean per channel that normalizes the input of such a teacher: 0.485,0.456,0.406 (default: the "
                   "data's)")
      ->group(kTeacher);
  command->add_option("--teacher-std", flags->teacher_std, "standard deviation per channel: 0.229,0.224,0.225")
      ->group(kTeacher);
  command
      ->add_option(
          "--student", flags->student,
          "network to distil into: mlp:30,30, as in a recipe, or a TorchScript, ONNX or .pt2 file to fine-tune")
      ->required()
      ->type_name("MODEL")
      ->group(kStudent);
  command
      ->add_option("--source", flags->source,
                   "data set, as in a recipe (default: the pictures in --data if it has any, otherwise mnist)")
      ->type_name("DATA")
      ->group(kData);
  command->add_option("--size", flags->size, "height and width that such pictures are resized to (default: 224)")
      ->check(CLI::Range(8, 4096))
      ->group(kData);
  command->add_option("--corrupt", flags->corrupt, "what to do with unreadable pictures: fail, or skip (default: fail)")
      ->check(CLI::IsMember({"fail", "skip"}))
      ->group(kData);
  command
      ->add_option("--augment", flags->augment,
                   "as in a recipe: none, or {crop: 4, flip: true} (default: for pictures and CIFAR a crop and flips, "
                   "else none)")
      ->group(kData);
  command
      ->add_option("--views", flags->views,
                   "run the teacher once on N augmented views of each picture, and repeat them (default: at every "
                   "step)")
      ->check(CLI::Range(1, 100000))
      ->group(kTeacher);
  command->add_option("--temperature,-T", flags->temperature, "softens both distributions")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(kTraining);
  command->add_option("--hard-weight", flags->hard_weight, "weight of the labels; the soft targets get the rest")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group(kTraining);
  command->add_option("--epochs", flags->epochs, "of the student")->capture_default_str()->group(kTraining);
  command
      ->add_option("--teacher-epochs", flags->teacher_epochs,
                   fmt::format("of a teacher that is trained first (default: {})", DistillFlags::kTeacherEpochs))
      ->check(CLI::PositiveNumber)
      ->group(kTeacher);
  command->add_option("--batch-size", flags->batch_size, "examples per step")->capture_default_str()->group(kTraining);
  command->add_option("--optimizer", flags->optimizer, "see `limbeck list optimizers` (default: sgd)")
      ->group(kTraining);
  command
      ->add_option("--learning-rate", flags->learning_rate, "(default: the optimizer's; for pictures and CIFAR 0.05)")
      ->check(CLI::PositiveNumber)
      ->group(kTraining);
  command->add_option("--validation", flags->validation, "training examples to hold out")
      ->capture_default_str()
      ->group(kData);
  command->add_option("--name", flags->name, "of the run")->capture_default_str()->group(kTraining);
  command->add_flag("--baseline", flags->baseline, "also train the student on labels alone, to compare")
      ->group(kStudent);
  command->add_flag("--int8", flags->int8, "also quantize the student's weights and activations to int8")
      ->group(kStudent);
  command->add_flag("--print-recipe", flags->print_recipe, "print the recipe and stop")->group(kTraining);
  flags->run.add_to(*command, program);
  command->callback([=, &program] { program.act(&Actions::distill, *flags); });
  command->footer(
      "Examples:\n  limbeck distill --teacher teacher.pt --data images/ --student mobilenetv2 --epochs 30 --out "
      "runs/mobile\n"
      "  limbeck distill --teacher mlp:1200,1200 --student mlp:30,30 --source digits --baseline");
}

}  // namespace limbeck

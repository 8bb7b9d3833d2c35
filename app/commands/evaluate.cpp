// limbeck evaluate MODEL
#include "app/commands/evaluate.h"

#include "app/commands.h"

namespace limbeck {

void add_evaluate(Program& program) {
  CLI::App* command = add_command(program, "evaluate", "Measure a trained network on a data set");
  auto flags = std::make_shared<EvaluateFlags>();
  command
      ->add_option("model", flags->model,
                   "a stage's folder (also of an ensemble or of specialists) or a network file in it, or any "
                   "TorchScript or ONNX file")
      ->required()
      ->type_name("FILE");
  command->add_option("--teacher", flags->teacher, "a teacher to compare with, likewise")->type_name("FILE");
  command
      ->add_option(
          "--input", flags->input,
          "input of a TorchScript or .pt2 file that Limbeck did not write: {size: 224, mean: [...], std: [...]}")
      ->type_name("YAML");
  command->add_option("--teacher-input", flags->teacher_input, "the same for the teacher")->type_name("YAML");
  command->add_option("--data", flags->data, "where the data sets are")->type_name("DIR");
  command
      ->add_option("--source", flags->source,
                   "data set, as in a recipe: mnist, or {digits: {seed: 1}} (default: the data of the run that the "
                   "model lies in)")
      ->type_name("DATA");
  command->add_option("--split", flags->split, "test or train")
      ->check(CLI::IsMember({"test", "train"}))
      ->capture_default_str();
  command
      ->add_option("--labels", flags->labels,
                   "labels.safetensors of a stage that aligned recordings (default: each recording divided evenly "
                   "among its states)")
      ->type_name("FILE");
  command->add_option("--threads", flags->threads, "processor threads (default: all)")->check(CLI::Range(1, 1024));
  command->callback([=, &program] { program.act(&Actions::evaluate, *flags); });
}

}  // namespace limbeck

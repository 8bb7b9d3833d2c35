// limbeck export MODEL
#include "app/commands/export.h"

#include "app/commands.h"

namespace limbeck {

void add_export(Program& program) {
  CLI::App* command =
      add_command(program, "export",
                  "Write a trained network for use elsewhere: ONNX, TorchScript or safetensors, in float32 or int8");
  auto flags = std::make_shared<ExportFlags>();
  command->add_option("model", flags->model, "a stage's folder or a network file in it, or any TorchScript file")
      ->required()
      ->type_name("FILE");
  command->add_option("--out", flags->out, "file to write; its name ends in .onnx, .pt (TorchScript) or .safetensors")
      ->type_name("FILE");
  command->add_flag("--force", flags->force, "overwrite files that Limbeck did not write");
  command
      ->add_option("--page", flags->page,
                   "folder to write in its place: a page for any web server, on which the network classifies drawn and "
                   "chosen pictures")
      ->type_name("DIR");
  command->add_option("--beside", flags->beside, "further networks on that page, such as the teacher")
      ->type_name("FILE")
      ->needs("--page");
  command
      ->add_option("--fold", flags->fold,
                   "multiply linear bottlenecks out: where the product is smaller (auto), always, or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  flags->foreign.add_to(*command);
  command->add_flag("--softmax", flags->softmax, "ONNX: give probabilities in the place of logits");
  command->add_flag("--bytes", flags->bytes,
                    "ONNX: take pixels as bytes from 0 to 255 in the place of numbers from 0 to 1");
  command->add_flag("--int8", flags->int8,
                    "quantize weights and activations to int8, with ranges calibrated on training examples");
  command
      ->add_option("--source", flags->source,
                   "whose training examples, as in a recipe (default: the data of the run that the model lies in)")
      ->type_name("DATA");
  command->add_option("--data", flags->data, "where the data sets are")->type_name("DIR");
  command->add_option("--examples", flags->examples, "how many of them")
      ->check(CLI::Range(int64_t{1}, int64_t{1000000}))
      ->capture_default_str();
  command->callback([=, &program] { program.act(&Actions::export_model, *flags); });
  command->footer("Example:  limbeck export runs/mnist/stages/distilled/weights.safetensors --out student.onnx --int8");
}

}  // namespace limbeck

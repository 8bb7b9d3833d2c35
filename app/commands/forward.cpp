// limbeck forward MODEL --inputs x.npy --out y.npy …
#include "app/commands/forward.h"

#include "app/commands.h"

namespace limbeck {

void add_forward(Program& program) {
  CLI::App* command =
      add_command(program, "forward", "Run a network of any kind on tensors from a file: its logits and its features");
  auto flags = std::make_shared<ForwardFlags>();
  command
      ->add_option("model", flags->model,
                   "a stage's folder or a network file in it, a TorchScript, ONNX or .pt2 file, or a network as in a "
                   "recipe: '{ onnx: { file: m.onnx, layout: nhwc } }'")
      ->required()
      ->type_name("MODEL");
  command->add_option("--inputs", flags->inputs, "a batch [N, ...], float32")->required()->type_name("FILE");
  command->add_option("--out", flags->out, "file to write the logits [N, C] to, float32")->type_name("FILE");
  command
      ->add_option("--feature", flags->features,
                   "a feature, and the file to write it to; may be repeated. A name that the network does not know "
                   "lists those that it knows")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  command->add_flag("--list-features", flags->list_features, "print the names of the features and their shapes");
  command->add_flag("--prepared", flags->prepared,
                    "the inputs are pixels from 0 to 1, which the network's own resizing and normalization prepares "
                    "(default: they go in as they are)");
  command
      ->add_option("--input", flags->input,
                   "with --prepared, of a file that Limbeck did not write: {size: 224, mean: [...], std: [...]}")
      ->type_name("YAML")
      ->needs("--prepared");
  command->add_option("--device", flags->device, "cpu, cuda or auto")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}))
      ->capture_default_str();
  command->add_option("--threads", flags->threads, "processor threads (default: all)")->check(CLI::Range(1, 1024));
  command->callback([=, &program] { program.act(&Actions::forward, *flags); });
  command->footer(
      "FILE is FILE.npy, or FILE.safetensors with one tensor in it, or FILE.safetensors:NAME. ONNX files are run by "
      "LibTorch, as they are when they teach or are trained; `limbeck evaluate` and `bench` run them in "
      "onnxruntime.\n\n"
      "Example:  limbeck forward teacher.onnx --inputs x.npy --out y.npy --feature /layer3/Relu_output_0=hidden.npy");
}

}  // namespace limbeck

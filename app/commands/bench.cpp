// limbeck bench MODEL…
#include "app/commands/bench.h"

#include "app/commands.h"

namespace limbeck {

void add_bench(Program& program) {
  CLI::App* command = add_command(
      program, "bench", "Measure what trained networks cost where they run: size, memory, latency, throughput");
  auto flags = std::make_shared<BenchFlags>();
  command
      ->add_option("models", flags->models,
                   "a file of a network (weights.safetensors, .pt, .onnx), a stage's folder, or that of a run, all of "
                   "whose networks are measured")
      ->required()
      ->type_name("MODEL");
  command->add_option("--only", flags->only, "measure only the stage or network of this name in run folders")
      ->type_name("NAME");
  command->add_option("--batch", flags->batches, "batch sizes of the throughput")
      ->delimiter(',')
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
      ->capture_default_str();
  command->add_option("--seconds", flags->seconds, "seconds to run each network per batch size")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  command->add_option("--threads", flags->threads, "processor threads (default: all)")->check(CLI::Range(0, 1024));
  command
      ->add_option(
          "--source", flags->source,
          "data set to measure accuracy on, where the run that left a network did not: mnist, or {digits: {seed: 1}}")
      ->type_name("DATA");
  command->add_option("--data", flags->data, "where the data sets are")->type_name("DIR");
  flags->foreign.add_to(*command);
  command->add_option("--out", flags->out, "folder to write bench.json and pareto.svg into, accuracy against latency")
      ->type_name("DIR");
  command->add_flag("--force", flags->force, "overwrite files that Limbeck did not write");
  command->add_option("--probe", flags->probe)->group("");
  command->callback([=, &program] { program.act(&Actions::bench, *flags); });
  command->footer(
      "Each network is measured in LibTorch, and as the ONNX file that `limbeck export` makes of it, in onnxruntime "
      "where that is found: "
      "$LIMBECK_ONNXRUNTIME names its library or a folder that holds it, such as node_modules/onnxruntime-node.\n"
      "Networks are measured in turns, so that whatever else the machine does hits all of them; the first run of a "
      "turn is not "
      "counted. Memory is measured in a process of its own for each. Accuracies are those that the runs have found, on "
      "test.\n\n"
      "Examples:\n  limbeck bench runs/mnist --out runs/mnist/bench\n"
      "  limbeck bench teacher.pt student.safetensors --source mnist --threads 1 --batch 1,32");
}

}  // namespace limbeck

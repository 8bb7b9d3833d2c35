#include <fmt/core.h>

#include <set>

#include "app/actions/all.h"
#include "app/actions/data_source.h"
#include "app/actions/deployment_table.h"
#include "app/actions/peak_memory.h"
#include "app/commands/bench.h"
#include "app/signals.h"
#include "core/file_format.h"
#include "core/json.h"
#include "core/own_files.h"
#include "deploy/onnxruntime.h"
#include "experiment/deployment.h"
#include "experiment/device.h"
#include "experiment/environment.h"
#include "experiment/experiment.h"
#include "experiment/run_networks.h"
#include "models/model_files.h"
#include "report/plots/pareto_plot.h"
#include "results/bench_result.h"
#include "results/keys.h"
#include "results/run_folder.h"
#include "train/evaluation.h"

namespace limbeck {
namespace {

/// A network to be measured, and how a program of its own is told to find it again.
struct Candidate {
  std::string argument;  ///< as the user gave it
  RunNetwork found;
};

bool is_run(const fs::path& folder) {
  return is_folder(folder) && !fs::exists(StageFolder(folder).weights());
}

/// What the arguments name, and why some of it is left out.
std::vector<Candidate> candidates_of(const BenchFlags& flags, std::vector<std::string>& notes) {
  std::vector<Candidate> candidates;
  std::vector<fs::path> files, runs;  // of the files: what one of them was given is measured as it was there
  for (const std::string& model : flags.models) {
    files.push_back(is_run(model) ? fs::path() : model_file(model));
    if (files.back().empty()) continue;
    if (const std::optional<fs::path> run = run_of_file(files.back())) runs.push_back(*run);
  }
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string& model = flags.models[i];
    if (!files[i].empty()) {
      candidates.push_back({model, network_of_file(files[i], runs)});
      continue;
    }
    RunNetworks run = networks_of_run(model);
    notes.insert(notes.end(), run.left_out.begin(), run.left_out.end());
    for (RunNetwork& network : run.networks)
      if (flags.only.empty() || network.name == flags.only) candidates.push_back({model, std::move(network)});
  }
  if (candidates.empty())
    throw Error(ErrorKind::usage, fmt::format("there is no network to measure{}",
                                              flags.only.empty() ? "" : " named '" + flags.only + "'"));
  return candidates;
}

/// Names that tell the rows apart: "student", or "runs/a/student" where another has it too.
std::vector<std::string> names_of(const std::vector<Candidate>& candidates) {
  std::multiset<std::string> all;
  for (const Candidate& candidate : candidates) all.insert(candidate.found.name);
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates) {
    const bool alone = all.count(candidate.found.name) == 1;
    names.push_back(alone                        ? candidate.found.name
                    : is_run(candidate.argument) ? (fs::path(candidate.argument) / candidate.found.name).string()
                                                 : candidate.argument);
  }
  return names;
}

double accuracy_on(const Model& model, const Dataset& dataset, const std::string& file) {
  check_fits(model, dataset, fmt::format("'{}'", file));
  const ExampleSet examples(dataset.test, "test", dataset);
  return evaluate(predict_logits(*model.network, examples), examples.labels()).accuracy;
}

PeakMemory memory_of(const Candidate& candidate, const ModelDescription& model, const BenchFlags& flags) {
  const Json probe = {{"input", model.input}, {"input_options", to_json(model.input_options)}};
  std::vector<std::string> arguments = {"bench",      candidate.argument, "--probe",
                                        probe.dump(), "--threads",        std::to_string(flags.threads)};
  if (is_run(candidate.argument)) arguments.insert(arguments.end(), {"--only", candidate.found.name});
  return measure_memory(arguments);
}

/// In the process that was started so.
PeakMemory probe(const BenchFlags& flags) {
  std::vector<std::string> ignored;
  const Candidate candidate = candidates_of(flags, ignored).front();
  const Json said = parse_json(flags.probe, "--probe");
  const ModelDescription foreign{.network = {},
                                 .input = said.at("input").get<Shape>(),
                                 .classes = {},
                                 .input_options = input_options_from(said.at("input_options"))};
  return probe_memory([&] { return load(candidate.found, foreign); });
}

/// The networks that were given, side by side with what is found of them.
struct Bench {
  std::vector<Candidate> candidates;
  std::vector<Deployed> networks;
  std::vector<std::string> notes;
};

Bench load_all(const BenchFlags& flags) {
  Bench bench;
  bench.candidates = candidates_of(flags, bench.notes);
  const std::vector<std::string> names = names_of(bench.candidates);
  const std::unique_ptr<Dataset> dataset = flags.source.empty() ? nullptr : load_source(flags.source, flags.data);
  if (dataset != nullptr && dataset->speech != nullptr)
    throw Error(ErrorKind::usage, "--source is of pictures; recordings are measured by `limbeck evaluate`");
  const std::optional<ModelDescription> foreign =
      dataset != nullptr ? made_for(*dataset, flags.foreign.input) : description_of(flags.foreign);
  for (size_t i = 0; i < names.size(); ++i) {
    const Candidate& candidate = bench.candidates[i];
    const Model model = load(candidate.found, foreign);
    CostRow row{.name = names[i],
                .accuracy = candidate.found.accuracy,
                .agreement = candidate.found.agreement,
                .parameters = model.network->parameter_count(),
                .multiply_adds = model.network->multiply_adds(),
                .bytes = bytes_of(candidate.found.files),
                .memory = {},
                .memory_before = {},
                .cost = {},
                .onnxruntime = {}};
    if (!row.accuracy && dataset != nullptr) row.accuracy = accuracy_on(model, *dataset, candidate.argument);
    bench.networks.push_back({.row = std::move(row), .model = model, .files = candidate.found.files});
  }
  return bench;
}

/// Of each as it was given; nobody uses one in bytes as LibTorch computes it.
void measure_memories(Bench& bench, const BenchFlags& flags, const OutputOptions& output) {
  for (size_t i = 0; i < bench.networks.size(); ++i) {
    const ModelDescription& description = bench.networks[i].model.description;
    const bool simulated =
        description.quantized && format_of(bench.candidates[i].found.files.front()) != FileFormat::onnx;
    CostRow& row = bench.networks[i].row;
    if (simulated) continue;
    if (!output.quiet) print_error("measuring the memory of {}\n", row.name);
    try {
      const PeakMemory memory = memory_of(bench.candidates[i], description, flags);
      row.memory = memory.peak;
      row.memory_before = memory.before;
    } catch (const Error& error) {
      bench.notes.push_back(fmt::format("the memory of {} is not known: {}", row.name, error.what()));
    }
  }
}

void measure_times(Bench& bench, const BenchFlags& flags, const OutputOptions& output) {
  const size_t count = bench.networks.size();
  if (!output.quiet)
    print_error(
        "measuring the time of {} network{} in turns, about {:.0f} s\n", count, count == 1 ? "" : "s",
        static_cast<double>((onnxruntime_version() ? 2 : 1) * count * (1 + flags.batches.size())) * flags.seconds);
  measure_deployment(bench.networks, {.batches = flags.batches, .seconds = flags.seconds, .stop = stop_token()},
                     bench.notes);
  if (bench.networks.empty()) throw Error(fmt::format("nothing could be measured: {}", bench.notes.back()));
}

BenchResult measure(const BenchFlags& flags, const OutputOptions& output) {
  Bench bench = load_all(flags);
  measure_memories(bench, flags, output);
  measure_times(bench, flags, output);
  BenchResult found{
      .environment = environment("cpu"), .seconds = flags.seconds, .models = {}, .notes = std::move(bench.notes)};
  if (const auto version = onnxruntime_version()) found.environment[keys::kOnnxruntime] = *version;
  for (const Deployed& network : bench.networks) {
    BenchRow& row = found.models.emplace_back();
    row.row = network.row;
    for (const fs::path& file : network.files) row.files.push_back(file.string());
  }
  mark_pareto_front(found.models);
  return found;
}

/// Writes bench.json and pareto.svg; says where, or why there is no plot.
std::string write_files(BenchResult& found, const fs::path& out) {
  const std::optional<SvgPlot> plot = pareto_plot(found.models);
  size_t unknown = 0;
  for (const BenchRow& model : found.models) unknown += model.row.accuracy ? 0 : 1;
  if (!plot)
    found.notes.emplace_back(
        "there is no plot of accuracy against latency: no network's accuracy is known; --source DATA measures it");
  else if (unknown > 0)
    found.notes.push_back(
        fmt::format("the plot leaves out {} network{} whose accuracy is not known; --source DATA measures it", unknown,
                    unknown == 1 ? "" : "s"));
  write_file(out / "bench.json", to_json(found).dump(1) + "\n");
  if (plot) write_file(out / "pareto.svg", standalone_svg(*plot));
  return fmt::format("Written: {}{}\n", (out / "bench.json").string(),
                     plot ? " and " + (out / "pareto.svg").string() : "");
}

}  // namespace

void bench(BenchFlags flags, const OutputOptions& output) {
  use_threads(flags.threads);
  if (!flags.probe.empty()) {
    print_out("{}\n", to_json(probe(flags)).dump());
    return;
  }
  if (!flags.out.empty()) {
    check_output(fs::path(flags.out) / "bench.json", {.marks = {"\"on_front\""}, .force = flags.force});
    check_output_folder(flags.out,
                        {.names = {"pareto.svg"}, .proof = "bench.json", .kind = "bench", .force = flags.force});
    make_writable_folder(flags.out);
  }
  BenchResult found = measure(flags, output);
  const std::string written = flags.out.empty() ? "" : write_files(found, flags.out);
  if (output.json) {
    print_out("{}\n", to_json(found).dump(1));
    return;
  }
  std::vector<CostRow> rows;
  std::string front;
  for (const BenchRow& model : found.models) {
    rows.push_back(model.row);
    if (model.on_front == true) front += (front.empty() ? "" : ", ") + model.row.name;
  }
  output.print(cost_table(rows, output.width()));
  if (!front.empty())
    print_out("On the Pareto front of accuracy and latency{}: {}\n",
              is_of_onnxruntime(found.models) ? " in onnxruntime" : "", front);
  for (const std::string& note : found.notes) print_out("{}\n", note);
  print_out("{}", written);
}

}  // namespace limbeck

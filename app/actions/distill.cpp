#include <fmt/core.h>

#include <algorithm>

#include "app/actions/all.h"
#include "app/actions/run_recipe.h"
#include "app/commands/distill.h"
#include "core/json.h"
#include "data/images/image_folder.h"
#include "experiment/components.h"
#include "models/model.h"
#include "models/model_files.h"
#include "models/model_onnx.h"
#include "programs/torchscript_file.h"
#include "recipe/recipe.h"
#include "recipe/value.h"
#include "results/binding.h"
#include "results/run_results.h"

namespace limbeck {
namespace {

/// The file that a network is in, where it is named by one: a file that is named and not there is a mistake, and no
/// network of that name.
std::string resolved_name(const std::string& spec) {
  const bool in_words = spec.find_first_of("{[") == std::string::npos;
  const auto ends_in = [&](const char* extension) { return fs::path(spec).extension() == extension; };
  const bool is_file = spec.find('/') != std::string::npos || ends_in(".pt") || ends_in(".pth") || ends_in(".ts") ||
                       ends_in(".safetensors") || ends_in(".onnx") || ends_in(".json");
  if (!in_words || (!is_file && !fs::is_regular_file(spec))) return spec;
  const fs::path file = model_file(spec);
  refuse_onnx(file, "distil with");
  return file.string();
}

/// "0.5,0.25" and "224" as the lists that a recipe has.
std::string list_of(const std::string& numbers) {
  return "[" + numbers + "]";
}

/// "mlp:800,800" is {mlp: [800, 800]}, a file is {torchscript: FILE}; anything else is what a recipe would say.
std::string network_spec(const std::string& spec) {
  if (looks_like_torchscript(spec)) return Json{{"torchscript", fs::absolute(spec).string()}}.dump();
  const size_t colon = spec.find(':');
  const bool is_short = colon != std::string::npos && spec.find_first_of(" {[") == std::string::npos;
  if (!is_short) return spec;
  const std::string value = spec.substr(colon + 1);
  return fmt::format("{{ {}: {} }}", spec.substr(0, colon),
                     value.find(',') == std::string::npos ? value : list_of(value));
}

/// What the flags say of the teacher's input, as a recipe says it; empty where they say nothing.
std::string teacher_input(const DistillFlags& flags) {
  std::string text;
  const auto add = [&](const char* key, const std::string& numbers) {
    if (!numbers.empty()) text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", key, list_of(numbers));
  };
  add("size", flags.teacher_size);
  add("mean", flags.teacher_mean);
  add("std", flags.teacher_std);
  return text;
}

/// The teacher is a TorchScript file, a file of weights that says which network it holds, or a network to be trained
/// first.
std::string teacher_network(const DistillFlags& flags) {
  const std::string input = teacher_input(flags);
  if (looks_like_torchscript(flags.teacher)) {
    const std::string file = Json(fs::absolute(flags.teacher).string()).dump();
    return fmt::format("{{ torchscript: {}{} }}", file, input.empty() ? "" : ", input: { " + input + " }");
  }
  if (!input.empty())
    throw Error(ErrorKind::usage,
                "--teacher-size, --teacher-mean and --teacher-std are of a teacher in a TorchScript file");
  if (!fs::exists(flags.teacher)) return network_spec(flags.teacher);
  const ModelDescription description = load_model(flags.teacher).description;
  Json network = description.network;
  network["weights"] = fs::absolute(flags.teacher).string();
  if (!description.input_options.empty()) network["input"] = to_json(description.input_options);
  return network.dump();
}

/// Whether the teacher is there already: a file, or a network that is said to have one, as `{ resnet18: {}, weights:
/// FILE }`.
bool is_trained(const std::string& teacher) {
  if (fs::exists(teacher)) return true;
  std::vector<Diagnostic> mistakes;  // are told when the recipe is read
  return parse_yaml(teacher, "--teacher", mistakes).find("weights") != nullptr;
}

/// The parts of the recipe that depend on the kind of data, where the flags leave them open.
struct Defaults {
  std::string source = {}, augment, optimizer;
  std::string decay = {};  ///< of the optimizer, to stay where the learning rate is given
  bool pictures = false;   ///< those in --data
};

bool holds_mnist(const fs::path& folder) {
  for (const char* name : {"mnist", "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"})
    if (fs::exists(folder / name)) return true;
  return false;
}

/// "cifar100" of "{ cifar100: { labels: coarse } }".
std::string source_name(const std::string& source) {
  const size_t begin = source.find_first_not_of("{ ");
  return begin == std::string::npos ? "" : source.substr(begin, source.find_first_of(":{} ", begin) - begin);
}

/// Photographs, of --data or CIFAR's, are cropped and flipped, with SGD as the CIFAR and ImageNet repositories have it.
/// MNIST where nothing is said; where --data is given, only if it is there, so that nothing is downloaded into a folder
/// that was meant to hold pictures.
Defaults defaults_for(const DistillFlags& flags, const std::string& data) {
  constexpr int64_t kSize = 224, kCifarSize = 32;
  const auto photographs = [](int64_t size) {
    return Defaults{.augment = fmt::format("{{ crop: {}, flip: true }}", std::max<int64_t>(1, size / 8)),
                    .optimizer = "{ sgd: { learning_rate: 0.05, weight_decay: 0.0005 } }",
                    .decay = ", weight_decay: 0.0005"};
  };
  if (const std::string name = source_name(flags.source); name == "cifar10" || name == "cifar100")
    return photographs(kCifarSize);
  if (flags.source.empty() && !data.empty() && !fs::is_directory(data))
    throw Error(ErrorKind::usage, fmt::format("there is no folder '{}'", data));
  const bool pictures = flags.source.empty() && !data.empty() && holds_pictures(data);
  if (!pictures && flags.source.empty() && !data.empty() && !holds_mnist(data))
    throw Error(
        ErrorKind::usage,
        fmt::format("'{}' holds no pictures (.jpg, .jpeg, .png); name the data set with --source, e.g. --source mnist",
                    data));
  if (!pictures) return {.source = "mnist", .augment = "none", .optimizer = "sgd"};
  const int64_t size = flags.size > 0 ? flags.size : kSize;
  Defaults defaults = photographs(size);
  defaults.source = fmt::format("{{ images: {{ folder: {}, size: {}{} }} }}", Json(fs::absolute(data).string()).dump(),
                                size, flags.corrupt.empty() ? "" : ", corrupt: " + flags.corrupt);
  defaults.pictures = true;
  return defaults;
}

std::string recipe_text(const DistillFlags& flags, const std::string& data) {
  const Defaults defaults = defaults_for(flags, data);
  const std::string augment = flags.augment.empty() ? defaults.augment : flags.augment;
  if (!defaults.pictures && (flags.size > 0 || !flags.corrupt.empty()))
    throw Error(ErrorKind::usage,
                "--size and --corrupt are of the pictures in --data; of a --source they are said in its own words");
  if (flags.views > 0 && augment == "none")
    throw Error(ErrorKind::usage,
                "--views is of augmented examples; say --augment too, e.g. --augment '{crop: 4, flip: true}'");
  std::string optimizer = flags.optimizer.empty() ? defaults.optimizer : flags.optimizer;
  if (flags.learning_rate > 0)
    optimizer = fmt::format("{{ {}: {{ learning_rate: {}{} }} }}", flags.optimizer.empty() ? "sgd" : flags.optimizer,
                            flags.learning_rate, flags.optimizer.empty() ? defaults.decay : "");
  const std::string common = fmt::format("batch_size: {}, optimizer: {}", flags.batch_size, optimizer);
  std::string text = fmt::format(
      "name: {}\ndata: {{ source: {}, validation: {}, augment: {} }}\nnetworks:\n  teacher: {}\n  student: "
      "{}\nstages:\n",
      Json(flags.name).dump(), flags.source.empty() ? defaults.source : flags.source, flags.validation, augment,
      teacher_network(flags), network_spec(flags.student));
  if (is_trained(flags.teacher) && flags.teacher_epochs > 0)
    throw Error(ErrorKind::usage,
                "--teacher-epochs is of a teacher that is trained first; '" + flags.teacher + "' is there");
  if (!is_trained(flags.teacher))
    text += fmt::format("  - {{ name: teacher, train: teacher, epochs: {}, {} }}\n",
                        flags.teacher_epochs > 0 ? flags.teacher_epochs : DistillFlags::kTeacherEpochs, common);
  if (flags.baseline)
    text += fmt::format("  - {{ name: baseline, train: student, epochs: {}, {} }}\n", flags.epochs, common);
  const std::string teacher =
      flags.views > 0 ? fmt::format("{{ network: {{ of: teacher, views: {} }} }}", flags.views) : "teacher";
  text += fmt::format(
      "  - name: distilled\n    train: student\n    epochs: {}\n    batch_size: {}\n    optimizer: {}\n    teacher: "
      "{}\n"
      "    loss:\n      - soft_targets: {{ temperature: {}, weight: {} }}\n",
      flags.epochs, flags.batch_size, optimizer, teacher, flags.temperature, 1 - flags.hard_weight);
  if (flags.hard_weight > 0) text += fmt::format("      - hard_labels: {{ weight: {} }}\n", flags.hard_weight);
  if (flags.int8) text += "  - { name: int8, train: student, quantize: distilled }\n";
  return text;
}

/// The student beside the run's other files, of several seeds the first one's: OUT/student.onnx and, in bytes,
/// OUT/student_int8.onnx.
void write_students(const RunOutcome& run, const OutputOptions& output) {
  const auto results = from_json<RunResults>(run.results);
  for (const StageResult& stage : results.stages) {
    const bool int8 = stage.name == "int8";
    if (!int8 && stage.name != "distilled") continue;
    const fs::path file = run.out / (int8 ? "student_int8.onnx" : "student.onnx");
    const fs::path weights = run.out / (stage.weights ? *stage.weights : stage.weights_of_seeds.at(0));
    try {
      write_file(file, model_onnx(load_model(weights), {weights}));
      if (!output.json) print_out("{}: {}\n", int8 ? "In bytes" : "Student", file.string());
    } catch (const Error& error) {  // a TorchScript student may do what ONNX cannot say
      print_error("{} was not written: {}\n", file.string(), error.what());
    }
  }
}

/// Whether a folder holds a run of the same recipe, whatever its seed.
bool holds_run_of(const fs::path& folder, const Recipe& recipe) {
  try {
    Json there = resolve(parse_recipe(read_file(folder / "recipe.yaml"), "recipe.yaml", {}, components())),
         wanted = resolve(recipe);
    for (Json* json : {&there, &wanted}) json->erase("seed");
    return there == wanted;
  } catch (const Error&) {
    return false;
  }
}

/// Where no folder is named: the first of runs/NAME, runs/NAME-2, … that is free or holds this run. What those before
/// it have finished is taken over where it is the same.
void choose_folder(RunFlags& flags, const std::string& text) {
  const Recipe recipe = parse_recipe(text, "(from flags)", flags.settings, components());
  const fs::path first = fs::path("runs") / recipe.name;
  fs::path folder = first;
  for (int number = 2; fs::exists(folder / "recipe.yaml") && !holds_run_of(folder, recipe); ++number) {
    flags.reuse.push_back(folder.string());
    folder = first.string() + fmt::format("-{}", number);
  }
  flags.out = folder.string();
  if (folder != first)
    print_error("'{}' holds another run; this one goes to '{}' (--out or --name say otherwise)\n", first.string(),
                flags.out);
}

}  // namespace

void distill(DistillFlags flags, const OutputOptions& output) {
  for (std::string* network : {&flags.teacher, &flags.student}) *network = resolved_name(*network);
  const std::string text = recipe_text(flags, flags.run.data);
  if (flags.print_recipe) {
    print_out("{}", text);
    return;
  }
  if (flags.run.out.empty()) choose_folder(flags.run, text);
  write_students(run_recipe(text, "(from flags)", flags.run, output, /*deployment=*/true), output);
}

}  // namespace limbeck

#include <algorithm>

#include "api/guarded.h"
#include "core/json.h"
#include "data/images/image_folder.h"
#include "experiment/components.h"
#include "limbeck/run.h"
#include "models/model.h"
#include "models/model_files.h"
#include "models/model_onnx.h"
#include "programs/program_file.h"
#include "recipe/value.h"

namespace limbeck {
namespace {

/// The file that a network is in, where it is named by one: a file that is named and not there is a mistake, and no
/// network of that name.
std::string resolved_name(const std::string& spec) {
  const bool in_words = spec.find_first_of("{[") == std::string::npos;
  const auto ends_in = [&](const char* extension) { return fs::path(spec).extension() == extension; };
  const bool is_file = spec.find('/') != std::string::npos || ends_in(".pt") || ends_in(".pth") || ends_in(".ts") ||
                       ends_in(".pt2") || ends_in(".safetensors") || ends_in(".onnx") || ends_in(".json");
  if (!in_words || (!is_file && !fs::is_regular_file(spec))) return spec;
  return model_file(spec).string();
}

/// "0.5,0.25" and "224" as the lists that a recipe has.
std::string list_of(const std::string& numbers) {
  return "[" + numbers + "]";
}

/// "mlp:800,800" is {mlp: [800, 800]}, a program's file is {onnx: FILE}; anything else is what a recipe would say.
std::string network_spec(const std::string& spec) {
  if (const auto format = program_format(spec))
    return Json{{network_name(*format), fs::absolute(spec).string()}}.dump();
  const size_t colon = spec.find(':');
  const bool is_short = colon != std::string::npos && spec.find_first_of(" {[") == std::string::npos;
  if (!is_short) return spec;
  const std::string value = spec.substr(colon + 1);
  return fmt::format("{{ {}: {} }}", spec.substr(0, colon),
                     value.find(',') == std::string::npos ? value : list_of(value));
}

/// What the flags say of the teacher's input, as a recipe says it; empty where they say nothing.
std::string teacher_input(const Distillation& wanted) {
  std::string text;
  const auto add = [&](const char* key, const std::string& numbers) {
    if (!numbers.empty()) text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", key, list_of(numbers));
  };
  add("size", wanted.teacher_size);
  add("mean", wanted.teacher_mean);
  add("std", wanted.teacher_std);
  return text;
}

/// The teacher is a program's file, a file of weights that says which network it holds, or a network to be trained
/// first.
std::string teacher_network(const Distillation& wanted) {
  const std::string input = teacher_input(wanted);
  if (const auto format = program_format(wanted.teacher)) {
    const std::string file = Json(fs::absolute(wanted.teacher).string()).dump();
    return fmt::format("{{ {}: {}{} }}", network_name(*format), file,
                       input.empty() ? "" : ", input: { " + input + " }");
  }
  if (!input.empty())
    throw Error(
        ErrorKind::usage,
        "--teacher-size, --teacher-mean and --teacher-std are of a teacher in a TorchScript, ONNX or .pt2 file");
  if (!fs::exists(wanted.teacher)) return network_spec(wanted.teacher);
  const ModelDescription description = load_model(wanted.teacher).description;
  Json network = description.network;
  network["weights"] = fs::absolute(wanted.teacher).string();
  if (!description.input_options.empty()) network["input"] = to_json(description.input_options);
  return network.dump();
}

/// Whether the teacher is there already: a file, or a network that is said to have one, as `{ onnx: FILE }` or
/// `{ resnet18: {}, weights: FILE }`.
bool is_trained(const std::string& teacher) {
  if (fs::exists(teacher)) return true;
  std::vector<Diagnostic> mistakes;  // are told when the recipe is read
  const Value network = parse_yaml(teacher, "--teacher", mistakes);
  return std::any_of(network.entries.begin(), network.entries.end(), [](const Entry& entry) {
    const auto architecture = components().find(Slot::network, entry.key);
    return entry.key == "weights" || (architecture != nullptr && architecture->info().brings_weights);
  });
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
Defaults defaults_for(const Distillation& wanted, const fs::path& data) {
  constexpr int64_t kSize = 224, kCifarSize = 32;
  const auto photographs = [](int64_t size) {
    return Defaults{.augment = fmt::format("{{ crop: {}, flip: true }}", std::max<int64_t>(1, size / 8)),
                    .optimizer = "{ sgd: { learning_rate: 0.05, weight_decay: 0.0005 } }",
                    .decay = ", weight_decay: 0.0005"};
  };
  if (const std::string name = source_name(wanted.source); name == "cifar10" || name == "cifar100")
    return photographs(kCifarSize);
  if (wanted.source.empty() && !data.empty() && !fs::is_directory(data))
    throw Error(ErrorKind::usage, fmt::format("there is no folder '{}'", data.string()));
  const bool pictures = wanted.source.empty() && !data.empty() && holds_pictures(data);
  if (!pictures && wanted.source.empty() && !data.empty() && !holds_mnist(data))
    throw Error(
        ErrorKind::usage,
        fmt::format("'{}' holds no pictures (.jpg, .jpeg, .png); name the data set with --source, e.g. --source mnist",
                    data.string()));
  if (!pictures) return {.source = "mnist", .augment = "none", .optimizer = "sgd"};
  const int64_t size = wanted.size > 0 ? wanted.size : kSize;
  Defaults defaults = photographs(size);
  defaults.source = fmt::format("{{ images: {{ folder: {}, size: {}{} }} }}", Json(fs::absolute(data).string()).dump(),
                                size, wanted.corrupt.empty() ? "" : ", corrupt: " + wanted.corrupt);
  defaults.pictures = true;
  return defaults;
}

std::string recipe_text(const Distillation& wanted, const fs::path& data) {
  const Defaults defaults = defaults_for(wanted, data);
  const std::string augment = wanted.augment.empty() ? defaults.augment : wanted.augment;
  if (!defaults.pictures && (wanted.size > 0 || !wanted.corrupt.empty()))
    throw Error(ErrorKind::usage,
                "--size and --corrupt are of the pictures in --data; of a --source they are said in its own words");
  if (wanted.views > 0 && augment == "none")
    throw Error(ErrorKind::usage,
                "--views is of augmented examples; say --augment too, e.g. --augment '{crop: 4, flip: true}'");
  std::string optimizer = wanted.optimizer.empty() ? defaults.optimizer : wanted.optimizer;
  if (wanted.learning_rate > 0)
    optimizer = fmt::format("{{ {}: {{ learning_rate: {}{} }} }}", wanted.optimizer.empty() ? "sgd" : wanted.optimizer,
                            wanted.learning_rate, wanted.optimizer.empty() ? defaults.decay : "");
  const std::string common = fmt::format("batch_size: {}, optimizer: {}", wanted.batch_size, optimizer);
  std::string text = fmt::format(
      "name: {}\ndata: {{ source: {}, validation: {}, augment: {} }}\nnetworks:\n  teacher: {}\n  student: "
      "{}\nstages:\n",
      Json(wanted.name).dump(), wanted.source.empty() ? defaults.source : wanted.source, wanted.validation, augment,
      teacher_network(wanted), network_spec(wanted.student));
  if (is_trained(wanted.teacher) && wanted.teacher_epochs > 0)
    throw Error(ErrorKind::usage,
                "--teacher-epochs is of a teacher that is trained first; '" + wanted.teacher + "' is there");
  if (!is_trained(wanted.teacher))
    text += fmt::format("  - {{ name: teacher, train: teacher, epochs: {}, {} }}\n",
                        wanted.teacher_epochs > 0 ? wanted.teacher_epochs : Distillation::kTeacherEpochs, common);
  if (wanted.baseline)
    text += fmt::format("  - {{ name: baseline, train: student, epochs: {}, {} }}\n", wanted.epochs, common);
  const std::string teacher =
      wanted.views > 0 ? fmt::format("{{ network: {{ of: teacher, views: {} }} }}", wanted.views) : "teacher";
  text += fmt::format(
      "  - name: distilled\n    train: student\n    epochs: {}\n    batch_size: {}\n    optimizer: {}\n    teacher: "
      "{}\n"
      "    loss:\n      - soft_targets: {{ temperature: {}, weight: {} }}\n",
      wanted.epochs, wanted.batch_size, optimizer, teacher, wanted.temperature, 1 - wanted.hard_weight);
  if (wanted.hard_weight > 0) text += fmt::format("      - hard_labels: {{ weight: {} }}\n", wanted.hard_weight);
  if (wanted.int8) text += "  - { name: int8, train: student, quantize: distilled }\n";
  return text;
}

}  // namespace

RecipeText recipe_of(const Distillation& distillation, const fs::path& data) {
  return guarded([&]() -> RecipeText {
    Distillation wanted = distillation;
    for (std::string* network : {&wanted.teacher, &wanted.student}) *network = resolved_name(*network);
    return {.text = recipe_text(wanted, data), .file = "(from flags)"};
  });
}

}  // namespace limbeck

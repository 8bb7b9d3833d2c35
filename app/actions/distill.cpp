#include <fmt/core.h>

#include "app/actions/all.h"
#include "app/actions/run_recipe.h"
#include "app/commands/distill.h"
#include "core/json.h"
#include "experiment/components.h"
#include "limbeck/run.h"
#include "models/model.h"
#include "models/model_onnx.h"
#include "recipe/recipe.h"
#include "results/binding.h"
#include "results/run_results.h"

namespace limbeck {
namespace {

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
  RecipeText text = recipe_of(flags, flags.run.data);
  if (flags.print_recipe) {
    print_out("{}", text.text);
    return;
  }
  if (flags.run.out.empty()) choose_folder(flags.run, text.text);
  text.settings = flags.run.settings;
  const RunOutcome outcome = run_and_print(text, flags.run, output, /*deployment=*/true);
  if (!outcome.results.is_null()) write_students(outcome, output);
}

}  // namespace limbeck

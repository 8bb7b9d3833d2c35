#include <fmt/core.h>
#include <fmt/ranges.h>

#include <chrono>
#include <limits>

#include "app/actions/all.h"
#include "app/actions/progress.h"
#include "app/actions/run_recipe.h"
#include "app/commands/store.h"
#include "app/signals.h"
#include "core/json.h"
#include "core/text.h"
#include "experiment/device.h"
#include "experiment/store_visits.h"
#include "ranks/launch.h"
#include "teacher/store_shards.h"
#include "teacher/stored_views.h"

namespace limbeck {
namespace {

/// What is done on the way, a teacher's training among it, is told as a run tells it.
void visit(const StoreFlags& flags, const OutputOptions& given, StoreAccess access,
           const std::optional<StoreShard>& shard,
           const std::function<void(const StageRecipe&, const std::optional<StoreShard>&, int64_t seed, StoredViews&,
                                    const EventBus&)>& use) {
  OutputOptions output = given;
  output.quiet |= output.json;
  ProgressPrinter progress(output);
  EventBus events;
  events.subscribe([&progress](const Event& event) { progress(event); });
  const std::unique_ptr<Experiment> experiment =
      make_experiment(read_recipe(flags.recipe, flags.run), flags.run, events,
                      shard ? RunRole::helps : RunRole::runs);  // others compute shards in the same folder
  experiment->visit_stores({.stage = flags.stage, .access = access, .features = flags.features, .shard = shard},
                           [&](const StageRecipe& stage, const std::optional<StoreShard>& part, int64_t seed,
                               StoredViews& teacher) { use(stage, part, seed, teacher, events); });
}

/// "teacher outputs of 'student', shard 2/8"
std::string title(const StageRecipe& stage, const std::optional<StoreShard>& shard) {
  return fmt::format("teacher outputs of '{}'{}", stage.name, shard ? ", shard " + shard->text() : "");
}

/// The shard that is asked for, or that of this process's rank, which then has its share of the processors.
std::optional<StoreShard> shard_of(StoreFlags& flags) {
  if (!flags.shard.empty()) return parse_shard(flags.shard);
  const std::optional<Launch> launch = launch_from(environment_of_process());
  if (!launch) return std::nullopt;
  if (flags.run.threads == 0) flags.run.threads = threads_beside(launch->local_size);
  return StoreShard{.number = launch->rank + 1, .count = launch->size};
}

/// " and the feature layer3 (64x8x8)"
std::string features_text(const StoreLayout& layout) {
  std::string text;
  for (const auto& [name, shape] : layout.features)
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", name, to_text(shape));
  if (text.empty()) return "";
  return fmt::format(" and the feature{} {}", layout.features.size() == 1 ? "" : "s", text);
}

std::string description(const StoreLayout& layout) {
  return fmt::format(
      "{} {}{} of each of {} views, {}",
      layout.top > 0 ? fmt::format("{} of {}", layout.top, layout.classes) : fmt::format("{}", layout.classes),
      layout.members > 0 ? fmt::format("logits of {} networks", layout.members) : "logits", features_text(layout),
      layout.slots, layout.type == at::kHalf ? "float16" : "float32");
}

}  // namespace

void build_store(StoreFlags flags, const OutputOptions& output) {
  const std::optional<StoreShard> shard = shard_of(flags);
  visit(flags, output, StoreAccess::made, shard,
        [](const StageRecipe& stage, const std::optional<StoreShard>& part, int64_t, StoredViews& teacher,
           const EventBus& events) {
          using Clock = std::chrono::steady_clock;
          const Clock::time_point start = Clock::now();
          const int64_t before = teacher.store().filled();
          teacher.fill([&](int64_t done, int64_t all) {
            const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
            events.emit(WorkProgress{title(stage, part), done, all,
                                     static_cast<double>(done - before) / std::max(seconds, 1e-9)});
            return !stop_token().stop_requested();
          });
          if (stop_token().stop_requested())
            throw Error(ErrorKind::interrupted, fmt::format("stopped with {} of {} outputs; they are saved",
                                                            teacher.store().filled(), teacher.store().outputs()));
          events.emit(
              Notice{fmt::format("{}: {} examples, {}, all there", part ? title(stage, part) : stage.name,
                                 with_commas(teacher.store().examples()), description(teacher.store().layout()))});
        });
}

void store_info(StoreInfoFlags flags, const OutputOptions& output) {
  const StoreInfo info = read_store_info(flags.file);
  const StoreParts parts = find_store(flags.file);
  std::vector<std::string> lacking;
  if (parts.sharded())
    for (const StoreShard& shard : parts.lacking()) lacking.push_back(shard.text());
  const int64_t outputs = info.examples * info.layout.slots;
  if (output.json) {
    print_out("{}\n", Json{{"examples", info.examples},
                           {"views", info.layout.slots},
                           {"classes", info.layout.classes},
                           {"members", info.layout.members},
                           {"top", info.layout.top},
                           {"features", info.layout.features},
                           {"outputs", outputs},
                           {"filled", info.filled},
                           {"bytes", info.bytes},
                           {"shards", parts.count},
                           {"lacking", lacking},
                           {"identity", info.identity}}
                          .dump(1));
    return;
  }
  print_out("{}: {} examples, {}\n{} of {} outputs are there ({:.1f} %), {} bytes\n", flags.file,
            with_commas(info.examples), description(info.layout), with_commas(info.filled), with_commas(outputs),
            100.0 * static_cast<double>(info.filled) / static_cast<double>(outputs),
            with_commas(static_cast<int64_t>(info.bytes)));
  if (parts.sharded())
    print_out("{} shards, {}\n", parts.count,
              lacking.empty() ? "all complete" : fmt::format("missing or not full: {}", fmt::join(lacking, ", ")));
  for (const char* key : {"teacher", "precision", "examples", "views"})
    if (const auto found = info.identity.find(key); found != info.identity.end())
      print_out("  {:<10} {}\n", key, found->second);
}

void verify_store(StoreFlags flags, const OutputOptions& output) {
  Json all = Json::array();
  bool differs = false;
  visit(flags, output, StoreAccess::existing, std::nullopt,
        [&](const StageRecipe& stage, const std::optional<StoreShard>&, int64_t seed, StoredViews& teacher,
            const EventBus&) {
          const auto found = teacher.compare(flags.samples, static_cast<uint64_t>(seed));
          const StoreLayout& layout = teacher.store().layout();
          const double most = layout.type == at::kHalf ? 2e-3 : 1e-4;
          differs |= !(found.difference <= most) || found.agreement < 0.99;
          all.push_back({{"stage", stage.name},
                         {"outputs", found.outputs},
                         {"difference", found.difference},
                         {"agreement", found.agreement}});
          if (!output.json)
            print_out(
                "{}: {} outputs computed again; the largest difference is {:.1e} of the largest {}, {:.2f} % choose "
                "the same class\n",
                stage.name, with_commas(found.outputs), found.difference,
                layout.features.empty() ? "logit" : "logit or number of a feature", 100 * found.agreement);
        });
  if (output.json) print_out("{}\n", all.dump(1));
  if (differs) throw Error("the store does not hold what the teacher says; remove it to compute it again");
}

void index_store(StoreIndexFlags flags, const OutputOptions& output) {
  const fs::path store = flags.file;
  if (fs::exists(store))
    throw Error(
        ErrorKind::usage,
        fmt::format("'{}' is a file; name a store that is made of the shards, as outputs.safetensors", flags.file));
  std::vector<fs::path> paths;
  std::vector<StoreFile> files;
  for (const std::string& shard : flags.shards) {
    paths.emplace_back(store.parent_path() / fs::path(shard).filename());
    std::error_code ignored;
    if (!fs::exists(shard)) throw Error(ErrorKind::usage, fmt::format("there is no file '{}'", shard));
    if (!fs::equivalent(paths.back(), shard, ignored))
      throw Error(ErrorKind::usage, fmt::format("the shard '{}' is not in the folder of '{}'", shard, flags.file));
    files.push_back(StoreFile::open(shard));
    if (!files.back().sealed()) throw Error(fmt::format("'{}' is not full yet", shard));
  }
  const TeacherStore joined = TeacherStore::join(files, {}, std::numeric_limits<int32_t>::max());
  write_index(store, paths);
  if (!output.quiet)
    print_out("{}: {} shards, {} examples, {}\n", index_of(store).string(), files.size(),
              with_commas(joined.examples()), description(joined.layout()));
}

}  // namespace limbeck

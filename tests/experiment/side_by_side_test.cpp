#include "experiment/side_by_side.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/json.h"
#include "experiment/components.h"
#include "experiment/device.h"
#include "experiment/load_dataset.h"
#include "experiment/seed_run.h"
#include "experiment/training_stage.h"
#include "kernels/device_turns.h"
#include "nn/weights.h"
#include "recipe/stage_options.h"
#include "results/binding.h"
#include "support/simulated_device.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

std::string text_of(const Event& event) {
  if (const auto* notice = std::get_if<Notice>(&event)) return notice->message;
  return std::holds_alternative<StepDone>(event) ? "step" : "other";
}

TEST(EventsInOrder, ShowOneRunAfterTheOther) {
  std::vector<std::string> seen;
  EventBus events;
  events.subscribe([&](const Event& event) { seen.push_back(text_of(event)); });
  EventsInOrder order(events, 3);
  order.of(1).emit(Notice{"b1"});
  order.of(0).emit(Notice{"a1"});
  order.of(1).emit(StepDone{});  // of a run that is not shown
  order.of(0).emit(StepDone{});
  order.of(2).emit(Notice{"c1"});
  order.end(1);
  order.of(0).emit(Notice{"a2"});
  EXPECT_EQ(seen, (std::vector<std::string>{"a1", "step", "a2"}));
  order.end(0);
  order.of(2).emit(Notice{"c2"});
  EXPECT_EQ(seen, (std::vector<std::string>{"a1", "step", "a2", "b1", "c1", "c2"}));
  order.end(2);
}

TEST(SideBySide, ThrowsWhatTheFirstOneThrewAfterAllHaveEnded) {
  std::atomic<bool> stopped = false;
  std::atomic<int> begun = 0, ended = 0;
  const auto run = [&] {
    run_side_by_side(
        at::kCPU, WorkNeeds(6),
        [&](size_t i) {
          ++begun;
          while (begun < 4) std::this_thread::yield();
          if (i == 1) throw std::runtime_error("the second fails");
          while (!stopped) std::this_thread::yield();
          ++ended;
        },
        [&] { stopped = true; });
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_EQ(begun, 4);  // of six
  EXPECT_EQ(ended, 3);
}

TEST(SideBySide, BeginsWorkOnceWhatItNeedsHasEnded) {
  const WorkNeeds needs = {{}, {0}, {0}, {1, 2}, {}};
  std::mutex mutex;
  std::vector<bool> ended(needs.size(), false);
  std::atomic<int> met = 0;
  run_side_by_side(
      at::kCPU, needs,
      [&](size_t i) {
        const auto has_ended = [&](size_t need) { return ended[need]; };
        {
          const std::lock_guard lock(mutex);
          EXPECT_TRUE(std::all_of(needs[i].begin(), needs[i].end(), has_ended)) << i;
        }
        if (i == 1 || i == 2) {
          ++met;
          while (met < 2) std::this_thread::yield();  // they need not wait for each other
        }
        const std::lock_guard lock(mutex);
        ended[i] = true;
      },
      [] {});
  EXPECT_EQ(ended, std::vector<bool>(needs.size(), true));
}

TEST(SideBySide, WithinOthersKeepsToTheMostAtOnce) {
  std::atomic<int> now = 0, most = 0, done = 0;
  run_side_by_side(
      at::kCPU, WorkNeeds(6),
      [&](size_t) {
        run_side_by_side(
            at::kCPU, WorkNeeds(5),
            [&](size_t) {
              const int here = ++now;
              for (int known = most; here > known && !most.compare_exchange_weak(known, here);) continue;
              std::this_thread::sleep_for(std::chrono::milliseconds(1));
              --now;
              ++done;
            },
            [] {});
      },
      [] {});
  EXPECT_EQ(done, 30);
  EXPECT_LE(most, DeviceUse::kMost);
  EXPECT_GT(most, 1);
}

TEST(DeviceTurns, GiveTheDeviceToOneThreadAloneAndGoOn) {
  std::atomic<int> working = 0, captures = 0;
  std::atomic<bool> disturbed = false;
  run_side_by_side(
      at::kCPU, WorkNeeds(4),
      [&](size_t i) {
        for (size_t step = 0; step < 200; ++step) {
          DeviceUse::pause();
          if (step % 50 == 10 * i) {
            const DeviceAlone alone;
            if (working != 0) disturbed = true;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            if (working != 0) disturbed = true;
            ++captures;
          }
          ++working;
          std::this_thread::yield();
          --working;
        }
      },
      [] {});
  EXPECT_FALSE(disturbed);
  EXPECT_EQ(captures, 16);
}

/// How stages of the kind `meeting` run.
struct Meeting {
  std::atomic<int> expected = 0, begun = 0;
  std::atomic<bool> fails = false;
  void begin() {
    const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    ++begun;
    while (begun < expected && std::chrono::steady_clock::now() < last) std::this_thread::yield();
  }
};

struct MeetingOptions : StageOptions {
  std::string role;
  void bind(Fields& fields) { fields.text("role", role, "what it does"); }
  StageForm form() const override { return {}; }
  void check(StageRecipe&, StageCheck&) const override {}
};

/// Trains, but waits for the others first; one that fails does so when the others are in training.
class MeetingStage : public TrainingStage {
 public:
  MeetingStage(const MeetingOptions& options, Meeting& meeting) : options_(options), meeting_(meeting) {}
  StageOutcome run(RunContext& run, const StageRecipe& stage, const std::string& fingerprint,
                   const std::vector<StageResult>& parts) const override {
    meeting_.begin();
    if (options_.role == "fails" && meeting_.fails) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      throw std::runtime_error("it fails");
    }
    return TrainingStage::run(run, stage, fingerprint, parts);
  }

 private:
  MeetingOptions options_;
  Meeting& meeting_;
};

class StagesSideBySide : public TemporaryFolder {
 protected:
  StagesSideBySide() : catalogue(components()) {
    simulated_device::use();
    use_threads(1);
    catalogue.add<StageKind, MeetingOptions>(
        Slot::stage,
        {.name = "meeting",
         .summary = "Meets.",
         .principal = "role",
         .form = "text",
         .standard = "none",
         .meaning = "meets"},
        [this](const MeetingOptions& options) { return std::make_unique<MeetingStage>(options, meeting); });
  }

  /// Runs on the simulated device and returns the results without times and files.
  Json run(const std::string& text, const std::string& out, bool side_by_side) {
    const Recipe recipe = parse_recipe(text, "r", {}, catalogue);
    const auto dataset = recipe.data.source.make<Dataset, const DataFolders&>(DataFolders());
    const DataFingerprints data{.source = dataset->fingerprint(), .extra = ""};
    EventBus events;
    std::vector<std::string> own;
    events.subscribe([&](const Event& event) {
      if (const auto* started = std::get_if<StageStarted>(&event)) own.push_back("begin " + started->stage);
      if (const auto* epoch = std::get_if<EpochDone>(&event)) own.push_back("epoch " + epoch->stage);
      if (const auto* done = std::get_if<StageDone>(&event)) own.push_back("end " + done->stage);
      if (const auto* stage = std::get_if<StageReused>(&event)) own.push_back("reused " + stage->stage);
    });
    const Recorder records = [this](const std::function<void()>& work) {
      ++captures;
      try {
        return simulated_device::graphs()(work);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
        throw;
      }
    };
    SeedRun seed({.recipe = recipe,
                  .dataset = *dataset,
                  .data = data,
                  .events = events,
                  .device = simulated_device::device(),
                  .folder = RunFolder(folder / out),
                  .seed = 1,
                  .recorder = records,
                  .side_by_side = side_by_side});
    Json results = to_json(seed.run());
    {
      const std::lock_guard lock(mutex);
      seen = own;
    }
    EXPECT_EQ(results, read_json(folder / out / "results.json"));
    for (Json& stage : results["stages"]) {
      for (const char* key : {"seconds", "examples_per_second", "said"}) stage.erase(key);
      stage.erase("curves");  // which have speeds
    }
    return results["stages"];
  }
  void expect_same_weights(const std::string& one, const std::string& other, const std::vector<std::string>& stages) {
    for (const std::string& stage : stages) {
      const auto weights = [&](const std::string& out) {
        return load_tensors(folder / out / "stages" / stage / "weights.safetensors").tensors;
      };
      const TensorMap here = weights(one), there = weights(other);
      ASSERT_FALSE(here.empty());
      for (const auto& [name, tensor] : here) EXPECT_TRUE(tensor.equal(there.at(name))) << stage << " " << name;
    }
  }

  Meeting meeting;
  Catalogue catalogue;
  std::mutex mutex;
  std::vector<std::string> seen;  // in the run that ended last
  std::atomic<int> captures = 0;
};

TEST_F(StagesSideBySide, ComeToTheSameBitsAndAreSeenInOrder) {
  constexpr const char* kText = R"(
name: students
data: { source: { digits: { train: 400, test: 60 } }, validation: 50 }
networks: { large: { mlp: [24] }, small: { mlp: { hidden: [12], dropout: { hidden: 0.2 } } } }
stages:
  - { name: teacher, train: large, epochs: 2, batch_size: 50, replicas: 3, augment: { shift: 1 } }
  - { name: live, train: small, epochs: 3, batch_size: 50, teacher: { network: { of: teacher, outputs: live } },
      augment: { shift: 1 } }
  - { name: kept, train: small, epochs: 3, batch_size: 50, teacher: teacher }
  - { name: first, train: small, epochs: 2, batch_size: 50, augment: { shift: 1 },
      teacher: { network: { of: teacher.1, store: STORE } } }
  - { name: second, train: large, epochs: 2, batch_size: 50, augment: { shift: 1 },
      teacher: { network: { of: teacher.1, store: STORE } } }
  - { name: experts, train: large, specialists: { of: teacher.2, groups: 3, size: 3 }, epochs: 1, batch_size: 50 }
  - { name: more, train: small, epochs: 1, batch_size: 50, initial_weights: kept }
  - { name: int8, train: small, quantize: more }
)";
  const auto with_store = [&](const std::string& out) {
    std::string text = kText;
    for (size_t at; (at = text.find("STORE")) != std::string::npos;)
      text.replace(at, 5, (folder / (out + ".store")).string());
    return text;
  };
  const Json one_by_one = run(with_store("one"), "one", false);
  const std::vector<std::string> order = seen;
  EXPECT_EQ(captures.exchange(0), 11);  // one for each network that is trained
  const Json side_by_side = run(with_store("many"), "many", true);
  EXPECT_EQ(seen, order);
  EXPECT_EQ(captures, 11);
  ASSERT_EQ(one_by_one.size(), side_by_side.size());
  for (size_t i = 0; i < one_by_one.size(); ++i) {
    EXPECT_EQ(one_by_one[i], side_by_side[i]) << one_by_one[i]["name"];
  }
  expect_same_weights("one", "many",
                      {"teacher.1", "teacher.2", "teacher.3", "live", "kept", "first", "second", "experts.1",
                       "experts.3", "more", "int8"});
  run(with_store("many"), "many", true);
  EXPECT_EQ(std::count_if(seen.begin(), seen.end(), [](const auto& text) { return text.starts_with("begin"); }), 0);
}

TEST_F(StagesSideBySide, OfSeveralRunsShareTheDevice) {
  const auto recipe = [](int epochs) {
    return fmt::format(R"(
name: points
data: {{ source: {{ digits: {{ train: 200, test: 60 }} }} }}
networks: {{ n: {{ mlp: [12] }} }}
stages:
  - {{ name: teacher, train: n, epochs: {0}, batch_size: 50, replicas: 2 }}
  - {{ name: a, train: n, epochs: {0}, batch_size: 50, teacher: teacher }}
  - {{ name: b, train: n, epochs: {0}, batch_size: 50, teacher: teacher, augment: {{ shift: 1 }} }}
)",
                       epochs);
  };
  constexpr int kRuns = 5;
  std::vector<Json> alone(kRuns), beside(kRuns);
  for (int i = 0; i < kRuns; ++i) alone[static_cast<size_t>(i)] = run(recipe(i + 1), fmt::format("alone{}", i), false);
  {
    std::vector<std::jthread> runs;
    for (int i = 0; i < kRuns; ++i)
      runs.emplace_back([&, i] {
        use_device(simulated_device::device(),
                   [&] { beside[static_cast<size_t>(i)] = run(recipe(i + 1), fmt::format("beside{}", i), true); });
      });
  }
  EXPECT_EQ(beside, alone);
  for (int i = 0; i < kRuns; ++i)
    expect_same_weights(fmt::format("alone{}", i), fmt::format("beside{}", i), {"teacher.1", "teacher.2", "a", "b"});
}

TEST(RunDatasets, AreLoadedOnceForRunsAtTheSameTime) {
  Catalogue catalogue(components());
  int loaded = 0;
  catalogue.add<Dataset, NoOptions, const DataFolders&>(Slot::data, {.name = "counted", .summary = "Counted."},
                                                        [&](const NoOptions&, const DataFolders&) {
                                                          ++loaded;
                                                          auto digits = small_digits(40, 20);
                                                          digits->notices = {"loaded"};
                                                          return digits;
                                                        });
  const Recipe recipe = parse_recipe(
      "name: r\ndata: { source: counted }\nnetworks: { n: { mlp: [4] } }\nstages: [ { name: a, train: n } ]", "r", {},
      catalogue);
  int notices = 0;
  EventBus events;
  events.subscribe([&](const Event&) { ++notices; });
  auto first = load_run_dataset(recipe.data, "", events, {});
  auto second = load_run_dataset(recipe.data, "", events, {});
  EXPECT_EQ(first->dataset, second->dataset);
  EXPECT_EQ(first->fingerprints.source, first->dataset->fingerprint());
  EXPECT_EQ(loaded, 1);
  EXPECT_EQ(notices, 2);
  EXPECT_NE(load_run_dataset(recipe.data, "/tmp", events, {})->dataset, first->dataset);  // another folder
  first.reset();
  second.reset();
  load_run_dataset(recipe.data, "", events, {});
  EXPECT_EQ(loaded, 3);
}

constexpr const char* kMeeting = R"(
name: meeting
data: { source: { digits: { train: 400, test: 60 } } }
networks: { n: { mlp: [12] } }
stages:
  - { name: a, train: n, epochs: EPOCHS, batch_size: 20, meeting: trains }
  - { name: b, train: n, epochs: EPOCHS, batch_size: 20, meeting: trains }
  - { name: c, train: n, epochs: 1, batch_size: 20, meeting: fails }
)";

std::string meeting_for(const std::string& epochs) {
  std::string text = kMeeting;
  for (size_t at; (at = text.find("EPOCHS")) != std::string::npos;) text.replace(at, 6, epochs);
  return text;
}

TEST_F(StagesSideBySide, RunAtTheSameTime) {
  meeting.expected = 3;
  run(meeting_for("1"), "met", true);
  EXPECT_EQ(meeting.begun, 3);
  EXPECT_EQ(seen, (std::vector<std::string>{"begin a", "epoch a", "end a", "begin b", "epoch b", "end b", "begin c",
                                            "epoch c", "end c"}));
}

TEST_F(StagesSideBySide, StopWhereOneFailsAndLoseNothing) {
  const std::string recipe = meeting_for("40");
  run(recipe, "whole", false);
  meeting.expected = 3;
  meeting.begun = 0;
  meeting.fails = true;
  EXPECT_EQ(message_of<std::runtime_error>([&] { run(recipe, "failed", true); }), "it fails");
  for (const char* stage : {"a", "b"}) {
    EXPECT_TRUE(fs::exists(folder / "failed/stages" / stage / "checkpoint.safetensors")) << stage;
    EXPECT_FALSE(fs::exists(folder / "failed/stages" / stage / "weights.safetensors")) << stage;
  }
  meeting.fails = false;
  run(recipe, "failed", true);
  expect_same_weights("whole", "failed", {"a", "b", "c"});
}

TEST(NeedsOfStages, AreTeachersWeightsStoresAndLabels) {
  const Recipe recipe = parse_recipe(R"(
name: needs
data: { source: { digits: { train: 400, test: 60 } } }
networks: { n: { mlp: [12] } }
stages:
  - { name: a, train: n, epochs: 1, replicas: 2 }
  - { name: b, train: n, epochs: 1 }
  - { name: c, train: n, epochs: 1, teacher: { network: { of: a.2, store: not_there_s } } }
  - { name: d, train: n, epochs: 1, initial_weights: b }
  - { name: e, train: n, epochs: 1, teacher: { network: { of: b, store: ./not_there_s } } }
  - { name: f, train: n, epochs: 1, align: 1 }
  - { name: g, train: n, epochs: 1 }
)",
                                     "r", {}, components());
  EXPECT_EQ(needs_of_stages(recipe, 1), (WorkNeeds{{}, {}, {0}, {1}, {1, 2}, {0, 1, 2, 3, 4}, {5}}));
  EXPECT_EQ(needs_of_members(recipe.stages[0], 1, 3), WorkNeeds(3));
  EXPECT_EQ(needs_of_members(recipe.stages[2], 1, 3), (WorkNeeds{{}, {0}, {1}}));
}

}  // namespace
}  // namespace limbeck

// Random numbers by stage: two stages of one architecture differ, unless they share a stream.
#include <gtest/gtest.h>

#include "core/json.h"
#include "core/random.h"
#include "experiment/components.h"
#include "experiment/experiment.h"
#include "nn/weights.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

class Streams : public TemporaryFolder {
 protected:
  void run(const std::string& stages) {
    const std::string text =
        "{ name: streams, data: { source: { digits: { train: 200, test: 50 } }, augment: { shift: 1 } }, networks: { "
        "small: "
        "{ mlp: { hidden: [8], dropout: { hidden: 0.5 } } } }, stages: [" +
        stages + "] }";
    notices.clear();
    EventBus events;
    events.subscribe([this](const Event& event) {
      if (const auto* notice = std::get_if<Notice>(&event)) notices += notice->message + "\n";
    });
    Experiment(parse_recipe(text, "r", {}, components()), {.out = folder, .device = DeviceChoice::cpu}, events).run();
  }
  std::string weights(const std::string& stage) const {
    return read_file(folder / "stages" / stage / "weights.safetensors");
  }
  std::string notices;
};

TEST_F(Streams, AreOfTheStageUnlessTheyAreShared) {
  run("{ name: a, train: small, epochs: 1 }, { name: b, train: small, epochs: 1 }, "
      "{ name: c, train: small, epochs: 1, stream: a }, { name: d, train: small, epochs: 1, stream: none }, "
      "{ name: e, train: small, epochs: 1, stream: none }");
  EXPECT_NE(weights("a"), weights("b"));
  EXPECT_EQ(weights("a"), weights("c"));
  EXPECT_NE(weights("a"), weights("d"));
  EXPECT_EQ(weights("d"), weights("e"));
}

TEST_F(Streams, OfMembersDifferBetweenStages) {
  run("{ name: a, train: small, epochs: 1, replicas: 2 }, { name: b, train: small, epochs: 1, replicas: 2 }, "
      "{ name: c, train: small, epochs: 1, replicas: 2, stream: a }");
  EXPECT_NE(weights("a.1"), weights("a.2"));
  EXPECT_NE(weights("a.1"), weights("b.1"));
  EXPECT_EQ(weights("a.2"), weights("c.2"));
}

TEST_F(Streams, OfEarlierVersionsDoNotMatchAndSayWhy) {
  const std::string stage = "{ name: a, train: small, epochs: 1 }";
  run(stage);
  const fs::path file = folder / "stages" / "a" / "stage.json";
  Json record = read_json(file);
  record["settings"].erase("revision");
  record["settings"].erase("stream");
  record["fingerprint"] = "of an earlier version";
  write_file(file, record.dump());
  run(stage);
  EXPECT_NE(notices.find("stage 'a' runs again: it was computed with revision 1 of the numerics, and this program "
                         "computes revision 3, in "
                         "which each stage draws random numbers of its own (`stream`)"),
            std::string::npos)
      << notices;
}

TEST_F(Streams, OfAStoreOfDrawnViewsAreShared) {
  const auto students = [](const std::string& stream) {
    return "{ name: t, train: small, epochs: 1 }, { name: a, train: small, epochs: 1, teacher: { network: { of: t, "
           "views: "
           "2, store: s.safetensors } } }, { name: b, " +
           stream + " train: small, epochs: 1, teacher: { network: { of: t, views: 2, store: s.safetensors } } }";
  };
  EXPECT_THROW(
      {
        try {
          run(students(""));
        } catch (const Error& error) {
          EXPECT_NE(std::string(error.what()).find("write `stream: a` into 'b'"), std::string::npos) << error.what();
          throw;
        }
      },
      DiagnosticsError);
}

TEST(StageSeed, DependsOnSeedAndName) {
  EXPECT_EQ(stage_seed(1, "teacher"), stage_seed(1, "teacher"));
  EXPECT_NE(stage_seed(1, "teacher"), stage_seed(2, "teacher"));
  EXPECT_NE(stage_seed(1, "teacher"), stage_seed(1, "student"));
  EXPECT_LT(stage_seed(1, "teacher"), uint64_t{1} << 52);
}

}  // namespace
}  // namespace limbeck

#include "report/tensorboard.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "report/crc32c.h"
#include "run_fixture.h"

namespace limbeck {
namespace {

using namespace report_test;

/// CRC-32C bit by bit, as its definition says.
uint32_t slow_crc32c(const std::string& bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes)
    for (int bit = 0; bit < 8; ++bit) {
      const uint32_t in = (static_cast<uint8_t>(c) >> bit) & 1, out = crc & 1;
      crc >>= 1;
      if (in != out) crc ^= 0x82F63B78;
    }
  return ~crc;
}

TEST(Crc32c, HasThePublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AA);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43);
  EXPECT_EQ(crc32c(""), 0u);
  std::string text;
  for (int i = 0; i < 600; ++i) text += static_cast<char>(i * 7);
  EXPECT_EQ(crc32c(text), slow_crc32c(text));
}

/// A reader of our own, which trusts nothing.
class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
  bool at_end() const { return at_ == bytes_.size(); }
  std::string take(size_t count) {
    if (count > bytes_.size() - at_) throw std::runtime_error("cut short");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  template <class Number>
  Number number() {
    Number value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(take(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

struct ReadEvent {
  double wall_time = 0;
  int64_t step = 0;
  std::string version;
  bool starts = false;
  std::map<std::string, float> scalars;
};

std::pair<std::string, float> read_value(const std::string& message) {
  Reader reader(message);
  std::pair<std::string, float> value;
  while (!reader.at_end()) {
    const uint64_t key = reader.varint();
    if (key == (1 << 3 | 2))
      value.first = reader.take(reader.varint());
    else if (key == (2 << 3 | 5))
      value.second = reader.number<float>();
    else
      throw std::runtime_error("an unknown field of a value");
  }
  return value;
}

ReadEvent read_event(const std::string& message) {
  Reader reader(message);
  ReadEvent event;
  while (!reader.at_end()) {
    const uint64_t key = reader.varint();
    if (key == (1 << 3 | 1))
      event.wall_time = reader.number<double>();
    else if (key == (2 << 3 | 0))
      event.step = static_cast<int64_t>(reader.varint());
    else if (key == (3 << 3 | 2))
      event.version = reader.take(reader.varint());
    else if (key == (7 << 3 | 2))
      event.starts = reader.take(reader.varint()) == std::string("\x08\x01");
    else if (key == (5 << 3 | 2)) {
      Reader summary(reader.take(reader.varint()));
      while (!summary.at_end()) {
        if (summary.varint() != (1 << 3 | 2)) throw std::runtime_error("an unknown field of a summary");
        event.scalars.insert(read_value(summary.take(summary.varint())));
      }
    } else
      throw std::runtime_error("an unknown field of an event");
  }
  return event;
}

std::vector<ReadEvent> read_events(const std::string& bytes) {
  const auto checked = [](const std::string& content, uint32_t mask) {
    const uint32_t rotated = mask - 0xA282EAD8;
    if (((rotated >> 17) | (rotated << 15)) != slow_crc32c(content)) throw std::runtime_error("a wrong checksum");
  };
  Reader reader(bytes);
  std::vector<ReadEvent> events;
  while (!reader.at_end()) {
    const std::string length = reader.take(8);
    checked(length, reader.number<uint32_t>());
    const std::string message = reader.take(Reader(length).number<uint64_t>());
    checked(message, reader.number<uint32_t>());
    events.push_back(read_event(message));
  }
  return events;
}

TEST(EventRecord, IsReadBack) {
  const std::string long_tag(300, 'x');  // its length takes two bytes
  const auto events = read_events(
      version_record(1.5) + start_record(2.5, 0) +
      scalars_record(3.5, 1'000'000,
                     {{"loss/train", 0.25}, {long_tag, -3}, {"infinite", std::numeric_limits<double>::infinity()}}));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].version, "brain.Event:2");
  EXPECT_EQ(events[0].wall_time, 1.5);
  EXPECT_TRUE(events[1].starts);
  EXPECT_EQ(events[2].step, 1'000'000);
  EXPECT_EQ(events[2].scalars.at("loss/train"), 0.25F);
  EXPECT_EQ(events[2].scalars.at(long_tag), -3);
  EXPECT_TRUE(std::isinf(events[2].scalars.at("infinite")));
}

TEST(EventRecord, IsKnownToBeDamaged) {
  std::string record = scalars_record(1, 2, {{"a", 3}});
  for (const size_t at : {size_t{0}, size_t{9}, size_t{14}, record.size() - 1}) {
    std::string damaged = record;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_ANY_THROW(read_events(damaged)) << "byte " << at;
  }
  EXPECT_ANY_THROW(read_events(record.substr(0, record.size() - 1)));
}

/// A stage's folder whose metrics grow as a run works.
class TensorBoardTest : public testing::Test {
 protected:
  fs::path stage(const std::string& name) const { return folder.path() / "stages" / name; }
  static std::string line(int epoch) {
    return Json{{"epoch", epoch},
                {"time", 1000.0 + epoch},
                {"learning_rate", 0.1},
                {"examples_per_second", 500},
                {"train", {{"loss", 1.0 / epoch}, {"accuracy", 0.5}}},
                {"terms", {{"soft_targets", 2.0 / epoch}}},
                {"validation", nullptr}}
        .dump();
  }
  void finish_epoch(TensorBoardWriter& writer, int epoch) const {
    append_line(stage("s") / "metrics.jsonl", line(epoch));
    writer(EpochDone{.stage = "s", .epoch = epoch, .epochs = 9, .train = {}, .terms = {}, .validation = {}});
  }
  /// Of the only file there.
  std::vector<ReadEvent> events(const std::string& where = "tensorboard/s") const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder.path() / where)) files.push_back(entry.path());
    EXPECT_EQ(files.size(), 1u);
    return read_events(read_file(files.at(0)));
  }
  static std::vector<int64_t> steps_of(const std::vector<ReadEvent>& events, const std::string& tag) {
    std::vector<int64_t> steps;
    for (const ReadEvent& event : events)
      if (event.scalars.contains(tag)) steps.push_back(event.step);
    return steps;
  }

  const TemporaryFolder folder;
};

TEST_F(TensorBoardTest, HasAStepForEachEpochAndTheTestFiguresAtTheEnd) {
  write_file(stage("s") / "metrics.jsonl", "");
  TensorBoardWriter writer(folder.path());
  writer(StageStarted{"s", "", 2, 0, stage("s")});
  finish_epoch(writer, 1);
  EXPECT_EQ(steps_of(events(), "loss/train"), (std::vector<int64_t>{1})) << "while the run works";
  finish_epoch(writer, 2);
  writer(StageDone{"s", 1, 2, {"test", 100, 7, 0.93, 0.2}});
  const auto all = events();
  EXPECT_EQ(all.front().version, "brain.Event:2");
  EXPECT_EQ(steps_of(all, "loss/train"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(steps_of(all, "accuracy/test"), (std::vector<int64_t>{2}));
  EXPECT_EQ(all.back().scalars.at("errors/test"), 7);
  EXPECT_EQ(all[2].scalars.at("terms/soft_targets"), 2);
  EXPECT_EQ(all[3].wall_time, 1002);
  EXPECT_FALSE(all[2].scalars.contains("accuracy/validation"));
}

TEST_F(TensorBoardTest, GoesOnAfterACrashWithoutTellingAnEpochTwice) {
  write_file(stage("s") / "metrics.jsonl", "");
  {
    TensorBoardWriter killed(folder.path());
    killed(StageStarted{"s", "", 9, 0, stage("s")});
    for (const int epoch : {1, 2, 3}) finish_epoch(killed, epoch);
  }
  const fs::path file = fs::directory_iterator(folder.path() / "tensorboard/s")->path();
  write_file(file, read_file(file).substr(0, fs::file_size(file) - 5));  // the last record is cut
  write_file(stage("s") / "metrics.jsonl", line(1) + "\n" + line(2) + "\n" + line(3).substr(0, 20));
  TensorBoardWriter writer(folder.path());
  writer(StageStarted{"s", "", 9, 2, stage("s")});
  EXPECT_EQ(steps_of(events(), "loss/train"), (std::vector<int64_t>{1, 2}));
  write_file(stage("s") / "metrics.jsonl", line(1) + "\n" + line(2) + "\n");
  finish_epoch(writer, 3);
  EXPECT_EQ(steps_of(events(), "loss/train"), (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(TensorBoardTest, ForgetsEpochsAfterTheCheckpoint) {
  write_file(stage("s") / "metrics.jsonl", line(1) + "\n" + line(2) + "\n");
  TensorBoardWriter writer(folder.path());
  writer(StageStarted{"s", "", 9, 1, stage("s")});
  EXPECT_EQ(steps_of(events(), "loss/train"), (std::vector<int64_t>{1}));
}

TEST_F(TensorBoardTest, TellsOfStagesThatWereDoneBefore) {
  write_file(stage("s") / "metrics.jsonl", line(1) + "\n");
  write_json(stage("s") / "stage.json",
             {{"results", {{"evaluations", {{"test", {{"errors", 4}, {"accuracy", 0.9}, {"nll", 0.1}}}}}}}});
  TensorBoardWriter(folder.path())(StageReused{"s", stage("s")});
  const auto all = events();
  EXPECT_EQ(all.back().scalars.at("errors/test"), 4);
  EXPECT_EQ(steps_of(all, "loss/train"), (std::vector<int64_t>{1}));
  const fs::path before = fs::directory_iterator(folder.path() / "tensorboard/s")->path();
  TensorBoardWriter(folder.path())(StageReused{"s", stage("s")});
  EXPECT_EQ(events().size(), all.size()) << "the same again is left as it is: " << before;
}

TEST_F(TensorBoardTest, LeavesTheFileOfAFinishedStageAsItIs) {
  write_file(stage("s") / "metrics.jsonl", "");
  TensorBoardWriter writer(folder.path());
  writer(StageStarted{"s", "", 1, 0, stage("s")});
  finish_epoch(writer, 1);
  writer(StageDone{"s", 1, 2, {"test", 100, 7, 0.93, 0.2}});
  write_json(stage("s") / "stage.json",
             {{"results", {{"evaluations", {{"test", {{"errors", 7}, {"accuracy", 0.93}, {"nll", 0.2}}}}}}}});
  const fs::path written = fs::directory_iterator(folder.path() / "tensorboard/s")->path();
  const fs::path moved = written.parent_path() / "events.out.tfevents.1.here.1";
  fs::rename(written, moved);
  TensorBoardWriter(folder.path())(StageReused{"s", stage("s")});
  EXPECT_TRUE(fs::exists(moved));
  EXPECT_EQ(steps_of(events(), "errors/test"), (std::vector<int64_t>{1}));
}

TEST_F(TensorBoardTest, KeepsSeedsApartAndLeavesOutWhatIsNotTrained) {
  const fs::path of_seed = folder.path() / "seed-2/stages/s";
  write_file(of_seed / "metrics.jsonl", line(1) + "\n");
  TensorBoardWriter writer(folder.path());
  writer(StageStarted{"s", "", 9, 1, of_seed});
  EXPECT_EQ(steps_of(events("tensorboard/seed-2/s"), "loss/train"), (std::vector<int64_t>{1}));
  writer(StageReused{"ensemble", stage("ensemble")});
  writer(StageDone{"ensemble", 1, 2, {}});
  EXPECT_FALSE(fs::exists(folder.path() / "tensorboard/ensemble"));
}

}  // namespace
}  // namespace limbeck

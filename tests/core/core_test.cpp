#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <memory>
#include <set>
#include <thread>

#include "core/error.h"
#include "core/file_format.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/mapped_file.h"
#include "core/nearest.h"
#include "core/random.h"
#include "core/safetensors.h"
#include "core/shared_values.h"
#include "core/text.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

TEST(Diagnostics, AreOneErrorInTheOrderOfTheFile) {
  const DiagnosticsError error({{{"a.yaml", 9, 3}, "stages[1].x", "second"}, {{"a.yaml", 2, 1}, "", "first"}});
  EXPECT_STREQ(error.what(), "a.yaml:2:1: first\na.yaml:9:3: stages[1].x: second");
  EXPECT_EQ(error.kind(), ErrorKind::usage);
}

TEST(SharedValues, AreMadeOnceForAllThatHoldThem) {
  SharedValues<std::string> values;
  std::atomic<int> made = 0;
  const auto make = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return std::to_string(++made);
  };
  std::vector<std::shared_ptr<const std::string>> held(8);
  {
    std::vector<std::jthread> threads;
    for (auto& value : held) threads.emplace_back([&] { value = values.get("a", make); });
  }
  for (const auto& value : held) EXPECT_EQ(value, held.front());
  EXPECT_EQ(made, 1);
  EXPECT_EQ(*values.get("b", make), "2");
  held.clear();
  EXPECT_EQ(*values.get("a", make), "3");  // the first was released
  EXPECT_THROW(values.get("c", []() -> std::string { throw Error("no"); }), Error);
  EXPECT_EQ(*values.get("c", make), "4");
}

TEST(Errors, KeepBeginAndEndOfALongLine) {
  const std::string name(1 << 20, 'x');
  const std::string text = Error(fmt::format("short\n'{}ä{}' is not there; expected 'a'", name, name)).what();
  EXPECT_LT(text.size(), 1300U);
  EXPECT_TRUE(text.starts_with("short\n'xxx"));
  EXPECT_TRUE(text.ends_with("x' is not there; expected 'a'"));
  EXPECT_NE(text.find("… (2"), std::string::npos);
  std::string umlauts;
  for (int i = 0; i < 1000; ++i) umlauts += "ä";
  EXPECT_NO_THROW(Json(Error(umlauts).what()).dump()) << "no character is cut";
}

TEST(Errors, OfALongNameAreMadeInTime) {
  EXPECT_NE(suggestion(std::string(10 << 20, 'a'), {"weight", "temperature"}).find("expected one of"),
            std::string::npos);
}

/// So many keys.
std::string object_of(int64_t keys, const std::string& value) {
  std::string text = "{";
  for (int64_t i = 0; i < keys; ++i) text += fmt::format("{}\"key{}\": {}", i == 0 ? "" : ",", i, value);
  return text + "}";
}

template <class Work>
double seconds_of(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(ParseJson, TakesTimeThatGrowsWithTheKeysAndNotWithTheirSquare) {
  const std::string text = object_of(200'000, "1");  // took minutes
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(parse_json(text, "x").size(), 200'000U); }), 5.0);
}

TEST(ParseJson, GivesWhatTheLibraryGives) {
  for (const char* text : {"null", "true", "-1", "18446744073709551615", "0.25", "\"a\\u00e4\"", "[]", "{}",
                           " [1, [2, {\"b\": [], \"a\": {\"c\": null}}], \"x\"] "})
    EXPECT_EQ(parse_json(text, "x"), Json::parse(text)) << text;
  EXPECT_EQ(parse_json(R"({"z": 1, "a": 2})", "x").dump(), R"({"z":1,"a":2})") << "keys stay in their order";
}

TEST(ParseJson, RefusesWhatIsNotAsItShouldBe) {
  const auto refusal = [](const std::string& text) { return message_of<Error>([&] { parse_json(text, "x.json"); }); };
  EXPECT_NE(refusal("{").find("'x.json' is not valid JSON"), std::string::npos);
  EXPECT_NE(refusal("[1e999]").find("'x.json' is not valid JSON"), std::string::npos);
  EXPECT_NE(refusal(R"({"b": {"a": 1, "c": 2, "a": 3}})").find("the key 'a' stands twice"), std::string::npos);
  EXPECT_NE(refusal(std::string(1'000'000, '[')).find("nested more than 100 levels deep"), std::string::npos);
  EXPECT_NO_THROW(parse_json(std::string(100, '[') + std::string(100, ']'), "x"));
  EXPECT_FALSE(parse_json_line(R"({"epoch": 3, "tr)"));
}

TEST(Nearest, NamesAMistypedWordAndListsTheOthersOtherwise) {
  EXPECT_EQ(suggestion("temprature", {"weight", "temperature"}), "; did you mean 'temperature'?");
  EXPECT_EQ(suggestion("wieght", {"weight", "temperature"}), "; did you mean 'weight'?");
  EXPECT_EQ(suggestion("colour", {"a", "b"}), "; expected one of 'a' or 'b'");
  EXPECT_EQ(suggestion("x", {}), "");
}

TEST(Nearest, ASwapOfNeighboursIsOneEdit) {
  EXPECT_EQ(edit_distance("wieght", "weight"), 1);
  EXPECT_EQ(edit_distance("", "abc"), 3);
}

// Known answer of Random123's kat_vectors for philox4x32-10 with counter and key 0.
TEST(Random, IsPhilox) {
  const auto words = philox({.seed = 0, .purpose = static_cast<Purpose>(0)}, 0);
  EXPECT_EQ(words, (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST(Random, EveryPartOfTheKeyMakesAnotherStream) {
  const RandomKey key{.seed = 1, .purpose = Purpose::order, .epoch = 2, .id = 3, .lane = 4};
  std::set<std::array<uint32_t, 4>> streams = {philox(key, 0), philox(key, 1)};
  for (int part = 0; part < 5; ++part) {
    RandomKey other = key;
    if (part == 0) other.seed += uint64_t{1} << 32;
    if (part == 1) other.purpose = Purpose::view;
    if (part == 2) ++other.epoch;
    if (part == 3) ++other.id;
    if (part == 4) ++other.lane;
    streams.insert(philox(other, 0));
  }
  for (const uint32_t block : {uint32_t{1} << 16, (uint32_t{1} << 16) + 1, uint32_t{1} << 31})
    streams.insert(philox(key, block));
  EXPECT_EQ(streams.size(), 10U);
}

TEST(Random, HasTheMomentsOfItsDistributions) {
  constexpr int kDraws = 80'000;
  Random random({.seed = 7, .purpose = Purpose::synthesis});
  double uniform = 0, normal = 0, square = 0;
  for (int i = 0; i < kDraws; ++i) {
    uniform += random.uniform();
    const double z = random.normal();
    normal += z;
    square += z * z;
  }
  EXPECT_NEAR(uniform / kDraws, 0.5, 0.006);  // 6 standard errors
  EXPECT_NEAR(normal / kDraws, 0.0, 0.021);
  EXPECT_NEAR(square / kDraws, 1.0, 0.03);
}

TEST(Text, NumbersAreWrittenForPeople) {
  EXPECT_EQ(with_commas(1276810), "1,276,810");
  EXPECT_EQ(with_commas(-12), "-12");
  EXPECT_EQ(duration(75), "1 min 15 s");
  EXPECT_EQ(shortest(0.1), "0.1");
  EXPECT_EQ(shortest(20), "20");
}

TEST(Hasher, TellsPartsApart) {
  EXPECT_NE(Hasher().add("ab").add("c").fingerprint(), Hasher().add("a").add("bc").fingerprint());
  EXPECT_EQ(Hasher().add("ab").fingerprint(), Hasher().add("ab").fingerprint());
}

using Files = TemporaryFolder;

TEST_F(Files, AFailedWriteLeavesTheOldFileAndNothingElse) {
  const fs::path file = folder / "a.txt";
  write_file(file, "old");
  EXPECT_THROW(write_file(file,
                          [](const ByteSink& sink) {
                            sink("new", 3);
                            throw Error("stop");
                          }),
               Error);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST_F(Files, ErrorsNameTheFileAndTheReason) {
  EXPECT_EQ(message_of<Error>([&] { read_file(folder / "none"); }),
            fmt::format("cannot read '{}': No such file or directory", (folder / "none").string()));
  EXPECT_EQ(message_of<Error>([&] { read_file(folder); }),
            fmt::format("'{}' is a folder; expected a file", folder.string()));
  write_file(folder / "file", "x");
  EXPECT_NE(message_of<Error>([&] { write_file(folder / "file" / "below", "x"); }).find("cannot make the folder"),
            std::string::npos);
}

TEST_F(Files, PipesAndDevicesAreNotRead) {
  const fs::path pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string refusal = fmt::format("'{}' is a pipe; expected a file", pipe.string());
  EXPECT_EQ(message_of<Error>([&] { read_file(pipe); }), refusal);
  EXPECT_EQ(message_of<Error>([&] { MappedFile::open(pipe); }), refusal);
  EXPECT_EQ(message_of<Error>([&] { read_json(pipe); }), refusal);
  EXPECT_EQ(format_of(pipe), FileFormat::other);
  EXPECT_EQ(message_of<Error>([] { read_file("/dev/zero"); }), "'/dev/zero' is a device; expected a file");
}

TEST_F(Files, MoreThanExpectedIsNotRead) {
  write_file(folder / "hole", "x");
  fs::resize_file(folder / "hole", uintmax_t{1} << 42);  // takes no place on the disk
  EXPECT_NE(message_of<Error>([&] { read_file(folder / "hole"); }).find("expected at most"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { read_json(folder / "hole"); }).find("expected at most 268435456"),
            std::string::npos);
}

TEST(FileFormats, AreToldByContent) {
  EXPECT_EQ(format_of(std::string_view("\x08\x08\x12\x07limbeck", 11)), FileFormat::onnx);
  EXPECT_EQ(format_of(std::string_view("\x08\x07\x12\x07pytorch", 11)), FileFormat::onnx);
  EXPECT_EQ(format_of(std::string_view("\x08\x12\x00\x00\x00\x00\x00\x00{\"a\"", 12)), FileFormat::safetensors);
  EXPECT_EQ(format_of(std::string_view("PK\3\4")), FileFormat::torchscript);
  EXPECT_EQ(format_of(std::string_view(" {\"weights\": 1}")), FileFormat::json);
  EXPECT_EQ(format_of(std::string_view("no weights at all")), FileFormat::other);
  EXPECT_EQ(format_of(std::string_view("")), FileFormat::other);
}

class Safetensors : public TemporaryFolder {
 protected:
  fs::path write_sample() {
    const fs::path file = folder / "sample.safetensors";
    write_safetensors(file,
                      {{"w", {"F32", {2, 3}, {reinterpret_cast<const char*>(kValues), 24}}},
                       {"n", {"I64", {}, {reinterpret_cast<const char*>(&kCount), 8}}}},
                      {{"format", "pt"}});
    return file;
  }
  static constexpr float kValues[6] = {1, 2, 3, 4, 5, 6};
  static constexpr int64_t kCount = 42;
};

TEST_F(Safetensors, ComeBackAsTheyWere) {
  const SafetensorsFile file = read_safetensors(write_sample());
  EXPECT_EQ(file.tensors.at("w").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file.tensors.at("w").bytes, std::string_view(reinterpret_cast<const char*>(kValues), 24));
  EXPECT_TRUE(file.tensors.at("n").shape.empty());
  EXPECT_EQ(file.metadata.at("format"), "pt");
}

TEST_F(Safetensors, TruncatedAnywhereIsAnError) {
  const std::string content = read_file(write_sample());
  for (size_t size = 0; size < content.size(); ++size) {
    write_file(folder / "cut", std::string_view(content).substr(0, size));
    EXPECT_THROW(read_safetensors(folder / "cut"), Error) << "cut to " << size << " bytes";
  }
}

TEST_F(Safetensors, AFlippedBitAnywhereIsAnErrorOrLeavesTheTensorsAsTheyAre) {
  const std::string content = read_file(write_sample());
  for (size_t i = 0; i < content.size(); ++i) {
    std::string damaged = content;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    write_file(folder / "damaged", damaged);
    try {  // only the checksum's own name can be hit without damage to what it protects
      const SafetensorsFile file = read_safetensors(folder / "damaged");
      EXPECT_EQ(file.tensors.at("w").bytes, std::string_view(reinterpret_cast<const char*>(kValues), 24))
          << "byte " << i;
      EXPECT_FALSE(file.metadata.contains("limbeck.checksum")) << "byte " << i;
    } catch (const Error&) {
    }
  }
}

TEST_F(Safetensors, HostileHeadersAreErrors) {
  const auto with_header = [&](const std::string& header, const std::string& data) {
    const auto length = static_cast<uint64_t>(header.size());
    write_file(folder / "hostile", std::string(reinterpret_cast<const char*>(&length), 8) + header + data);
    return message_of<Error>([&] { read_safetensors(folder / "hostile"); });
  };
  EXPECT_NE(with_header(R"({"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,0]}})", "")
                .find("too large"),
            std::string::npos);
  EXPECT_NE(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,400]}})", "1234").find("outside"),
            std::string::npos);
  EXPECT_NE(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234").find("needs 8"),
            std::string::npos);
  EXPECT_NE(with_header(R"({"a":{"dtype":"X9","shape":[1],"data_offsets":[0,4]}})", "1234").find("unknown dtype"),
            std::string::npos);
  EXPECT_NE(
      with_header(
          R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
          "")
          .find("stands twice"),
      std::string::npos);
  EXPECT_NE(with_header("{1, 2", "").find("not valid JSON"), std::string::npos);
  EXPECT_NE(with_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "12").find("2 follow"),
            std::string::npos);
}

TEST_F(Safetensors, ManyTensorsTakeTimeThatGrowsWithTheirNumber) {
  std::map<std::string, RawTensor> tensors;
  for (int i = 0; i < 100'000; ++i) tensors[fmt::format("t{}", i)] = {"F32", {0}, {}};
  const fs::path file = folder / "many.safetensors";
  EXPECT_LT(seconds_of([&] { write_safetensors(file, tensors, {}); }), 5.0);
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(read_safetensors(file).tensors.size(), tensors.size()); }), 5.0);
}

TEST_F(Safetensors, AnotherFormatIsNamed) {
  write_file(folder / "student.onnx", std::string_view("\x08\x08\x12\x07limbeck", 11));
  EXPECT_NE(message_of<Error>([&] { read_safetensors(folder / "student.onnx"); }).find("it is an ONNX file"),
            std::string::npos);
}

}  // namespace
}  // namespace limbeck

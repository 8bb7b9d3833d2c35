#include "core/mapped_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/error.h"
#include "core/safetensors.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

class Mapped : public TemporaryFolder {
 protected:
  fs::path file = folder / "mapped.bin";
};

TEST_F(Mapped, FileIsZeroAndThenWhatWasWritten) {
  {
    MappedFile made = MappedFile::create(file, 10000);
    EXPECT_EQ(made.bytes(), std::string(10000, '\0'));
    std::memcpy(made.data() + 9996, "abcd", 4);
    made.flush();
    EXPECT_EQ(read_file(file).substr(9996), "abcd");
  }
  MappedFile opened = MappedFile::open(file, MappedFile::Access::write);
  opened.data()[0] = std::byte{'x'};
  MappedFile moved = std::move(opened);
  EXPECT_EQ(MappedFile::open(file).bytes().substr(0, 1), "x");
  EXPECT_EQ(moved.size(), 10000U);
}

TEST_F(Mapped, FilesThatCannotBeMappedAreErrorsWithTheirNames) {
  EXPECT_NE(message_of<Error>([&] { MappedFile::open(file); }).find(file.string()), std::string::npos);
  EXPECT_NE(message_of<Error>([&] { MappedFile::open(folder); }).find("is a folder; expected a file"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { MappedFile::create(folder / "no/such", 1); }).find("cannot write"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] { MappedFile::create(file, size_t{1} << 60); }).find("cannot write"),
            std::string::npos);  // no disk is so large
  EXPECT_FALSE(fs::exists(file));
  write_file(file, "");
  EXPECT_EQ(MappedFile::open(file).size(), 0U);
}

TEST_F(Mapped, SafetensorsAreReadAndWrittenInPieces) {
  std::map<std::string, RawTensor> tensors = {{"a", {.dtype = "F32", .shape = {2}}},
                                              {"b", {.dtype = "U8", .shape = {3}}}};
  const std::map<std::string, std::string> metadata = {{"what", "a test"}};
  const std::string header = safetensors_header(tensors, metadata, std::string(32, '0'));
  {
    MappedFile made = MappedFile::create(file, header.size() + 11);
    std::memcpy(made.data() + header.size(), "12345678xyz", 11);
    tensors["a"].bytes = made.bytes().substr(header.size(), 8);
    tensors["b"].bytes = made.bytes().substr(header.size() + 8);
    const std::string last =
        safetensors_header(tensors, metadata, safetensors_checksum(tensors, metadata), header.size());
    ASSERT_EQ(last.size(), header.size());
    std::memcpy(made.data(), last.data(), last.size());
  }
  EXPECT_EQ(read_safetensors(file).tensors.at("b").bytes, "xyz");
  MappedFile mapped = MappedFile::open(file, MappedFile::Access::write);
  EXPECT_EQ(parse_safetensors(file, mapped.bytes()).metadata.at("what"), "a test");
  mapped.data()[mapped.size() - 1] = std::byte{'Z'};
  EXPECT_NE(message_of<Error>([&] { parse_safetensors(file, mapped.bytes()); }).find("does not match its checksum"),
            std::string::npos);
  EXPECT_EQ(safetensors_header(tensors, metadata, "", 4096).size(), 4096U);
}

}  // namespace
}  // namespace limbeck

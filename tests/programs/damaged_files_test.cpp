// Every line of damaged_files.txt is a damaged file: it is read, or refused with a message that names it, without
// harm. tests/fuzz/fuzz_programs.cpp finds further lines.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "core/error.h"
#include "support/damage.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

int64_t peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

class DamagedFiles : public TemporaryFolder {};

TEST_F(DamagedFiles, AreReadOrRefusedByName) {
  std::ifstream lines(std::string(LIMBECK_TESTS) + "/programs/damaged_files.txt");
  ASSERT_TRUE(lines);
  const int64_t before = peak_bytes();
  int count = 0, refused = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const Damage damage = parse_damage(line);
    EXPECT_EQ(to_text(damage), line);
    std::string message;
    ASSERT_NO_THROW(message = try_program(damaged_file(damage), damage.file, folder.string())) << line;
    ++count;
    if (message.empty()) continue;
    ++refused;
    EXPECT_LT(message.size(), 900U) << line << "\n" << message;
    EXPECT_TRUE(message == "no program's format" || message.find("tried.") != std::string::npos) << line << "\n"
                                                                                                 << message;
  }
  EXPECT_GT(count, 200);
  EXPECT_GT(refused, count / 2);
  EXPECT_LT(peak_bytes() - before, int64_t{1} << 30) << "a small file takes much memory";
}

TEST_F(DamagedFiles, WithoutDamageAreRead) {
  for (const char* file : {"small.onnx", "small.pt2", "small.old.pt2"}) {
    const Damage none{.file = file, .entry = "", .edits = {}};
    EXPECT_EQ(try_program(damaged_file(none), file, folder.string()), "") << file;
  }
}

}  // namespace
}  // namespace limbeck

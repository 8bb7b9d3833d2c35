#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.h"
#include "core/hash.h"
#include "data/published/published_files.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

/// A data set whose archive a folder offers, as a server would.
class Archive : public TemporaryFolder {
 protected:
  Archive() {
    write_file(folder / "server/small/a.txt", "cat\ndog\n");
    write_file(folder / "server/small/b.bin", "abcdef");
    write_file(folder / "server/other.txt", "not wanted");
    pack();
    fs::create_directories(home);
  }
  void pack() {
    const std::string command =
        fmt::format("cd '{}' && tar -czf small.tar.gz small other.txt", (folder / "server").string());
    if (std::system(command.c_str()) != 0) throw Error("tar failed");
  }
  void run() {
    fetch(data, DataFolders(home), [](const Event&) {});
  }
  fs::path home = folder / "home";
  PublishedData data{
      .name = "small",
      .mirrors = {"file://" + (folder / "nowhere").string() + "/", "file://" + (folder / "server").string() + "/"},
      .files = {{"small/a.txt", Hasher().add("cat\ndog").fingerprint()},
                {"small/b.bin", Hasher().add("abcdef").fingerprint()}},
      .archive = "small.tar.gz"};
};

TEST_F(Archive, IsDownloadedVerifiedAndUnpacked) {
  run();
  EXPECT_EQ(read_file(home / "small/b.bin"), "abcdef");
  EXPECT_EQ(read_file(home / "small/a.txt"), "cat\ndog\n");
  EXPECT_FALSE(fs::exists(home / "other.txt"));
  EXPECT_FALSE(fs::exists(home / "small.tar.gz.download"));
  write_file(folder / "server/small.tar.gz", "gone");
  run();  // nothing is missing
}

TEST_F(Archive, ThatLiesInTheDataFolderIsUnpacked) {
  fs::rename(folder / "server/small.tar.gz", home / "small.tar.gz");
  run();
  EXPECT_EQ(read_file(home / "small/b.bin"), "abcdef");
}

TEST_F(Archive, WithOtherContentLeavesNothing) {
  write_file(folder / "server/small/b.bin", "abcdeX");
  pack();
  const std::string text = message_of<Error>([&] { run(); });
  EXPECT_NE(text.find("'small/b.bin' in"), std::string::npos) << text;
  EXPECT_NE(text.find("checksum does not match"), std::string::npos) << text;
  EXPECT_NE(text.find("put these files into"), std::string::npos) << text;
  EXPECT_TRUE(fs::is_empty(home));
}

TEST_F(Archive, TruncatedAnywhereIsAnErrorThatSaysWhatToPutWhere) {
  const std::string whole = read_file(folder / "server/small.tar.gz");
  for (size_t size = 0; size + 8 < whole.size(); size += 7) {  // without its last bytes the content may be complete
    write_file(folder / "server/small.tar.gz", whole.substr(0, size));
    EXPECT_NE(message_of<Error>([&] { run(); }).find("small/a.txt\n  small/b.bin\nor the archive"), std::string::npos)
        << size;
    EXPECT_TRUE(fs::is_empty(home)) << size;
  }
}

}  // namespace
}  // namespace limbeck

#include "serve/served_runs.h"

#include <chrono>

#include "core/claim.h"
#include "serve/http.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

class ServedRunsTest : public TemporaryFolder {
 protected:
  std::vector<std::string> ids(const std::vector<fs::path>& folders) {
    std::vector<std::string> found;
    for (const ServedRun& run : ServedRuns(folders).all()) found.push_back(run.id());
    return found;
  }
};

TEST_F(ServedRunsTest, FindsARunAndTheRunsInAFolder) {
  write_file(folder / "b/results.json", "{}");
  write_file(folder / "a/stages/teacher/metrics.jsonl", "");
  write_file(folder / "paper/mnist/results.json", "{}");
  write_file(folder / "several/seed-3/stages/x/stage.json", "{}");
  write_file(folder / "papers/notes.txt", "");
  EXPECT_EQ(ids({folder}), (std::vector<std::string>{"a", "b", "mnist", "several"}));
  EXPECT_EQ(ids({folder / "b"}), std::vector<std::string>{"b"});
  EXPECT_EQ(ids({folder / "b", folder}), (std::vector<std::string>{"b", "a", "b~2", "mnist", "several"}));
  EXPECT_EQ(ids({folder / "papers"}), std::vector<std::string>{});
  EXPECT_THROW(ServedRuns({folder / "nowhere"}), Error);
}

TEST_F(ServedRunsTest, ARunThatBeginsLaterIsFound) {
  const ServedRuns runs({folder});
  EXPECT_TRUE(runs.all().empty());
  const FolderLock working(folder / "late");
  EXPECT_EQ(runs.find("late").id(), "late");
  EXPECT_NE(message_of<HttpError>([&] { runs.find("lat"); }).find("did you mean 'late'"), std::string::npos);
}

TEST_F(ServedRunsTest, ARunOfAnotherHostIsKnownByItsLease) {
  const LeaseRules elsewhere{.holder = {.host = "node7", .kernel = "another", .process = 12}, .seconds = 60};
  write_file(folder / "run/.lock", "12");
  {
    const auto lease = Lease::take(folder / "run/.lease", elsewhere);
    EXPECT_TRUE(is_held(folder / "run"));
    EXPECT_EQ(ids({folder}), std::vector<std::string>{"run"});
    fs::last_write_time(folder / "run/.lease", fs::file_time_type::clock::now() - std::chrono::seconds(70));
    EXPECT_FALSE(is_held(folder / "run"));  // nothing was heard of that host
  }
  // A process of this host would hold the lock.
  const auto lease = Lease::take(folder / "run/.lease", {.holder = this_process(), .seconds = 60});
  EXPECT_FALSE(is_held(folder / "run"));
}

TEST_F(ServedRunsTest, WhatNobodyWroteIntoIsNoRun) {
  fs::create_directories(folder / "empty/stages");
  write_file(folder / "failed/.lock", "");
  EXPECT_EQ(ids({folder}), std::vector<std::string>{});
}

TEST_F(ServedRunsTest, ASweepIsNoRunAndHasAnIdOfItsOwn) {
  write_file(folder / "a/temperatures/sweep.json", "{}");
  write_file(folder / "a/temperatures/.lock", "");
  write_file(folder / "a/temperatures/points/0001/results.json", "{}");
  write_file(folder / "b/temperatures/results.json", "{}");
  EXPECT_EQ(ids({folder}), std::vector<std::string>{"temperatures~2"});
  const ServedRuns runs({folder});
  ASSERT_EQ(runs.sweeps().size(), 1u);
  EXPECT_EQ(runs.find_sweep("temperatures").folder(), fs::canonical(folder / "a/temperatures"));
  EXPECT_THROW(runs.find("temperatures"), HttpError);
  EXPECT_THROW(runs.find_sweep("temperatures~2"), HttpError);
}

TEST_F(ServedRunsTest, FilesOutsideOfTheRunAreNotThere) {
  write_file(folder / "run-2/results.json", "{}");
  write_file(folder / "run/results.json", "{}");
  fs::create_symlink(folder / "run-2/results.json", folder / "run/out.json");
  fs::create_symlink(folder / "run/results.json", folder / "run/in.json");
  const ServedRun run("run", folder / "run");
  EXPECT_TRUE(run.file("results.json"));
  EXPECT_TRUE(run.file("in.json"));
  EXPECT_FALSE(run.file("out.json"));
  EXPECT_FALSE(run.file("../run-2/results.json"));
  EXPECT_FALSE(run.file("/etc/passwd"));
  EXPECT_FALSE(run.file("."));
  EXPECT_FALSE(run.file(""));
}

TEST_F(ServedRunsTest, AReportIsRefusedWhereALinkLeadsOut) {
  write_file(folder / "secret.json", "{}");
  write_file(folder / "run/stages/teacher/stage.json", "{}");
  const ServedRun run("run", folder / "run");
  EXPECT_NO_THROW(run.check_contained());
  fs::create_symlink(folder / "secret.json", folder / "run/stages/teacher/evaluation.json");
  EXPECT_NE(message_of<Error>([&] { run.check_contained(); }).find("stages/teacher/evaluation.json"),
            std::string::npos);
}

TEST_F(ServedRunsTest, SeedsComeInTheirOrder) {
  for (const char* name : {"seed-10", "seed-9", "seed-x", "seed-"})
    fs::create_directories(folder / "run" / name / "stages");
  std::vector<std::string> prefixes;
  for (const SeedFolder& seed : ServedRun("run", folder / "run").seeds()) prefixes.push_back(seed.prefix);
  EXPECT_EQ(prefixes, (std::vector<std::string>{"seed-9/", "seed-10/"}));
  fs::create_directories(folder / "single/stages/b");
  const ServedRun single("single", folder / "single");
  EXPECT_EQ(single.seeds().front().prefix, "");
  EXPECT_EQ(single.stage_folders(single.seeds().front()), std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace limbeck

#include "core/claim.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/unique_name.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

/// A process of another host, whose locks are not seen here.
LeaseRules elsewhere(double seconds = 60) {
  return {.holder = {.host = "node7", .kernel = "another", .process = 12}, .seconds = seconds};
}

LeaseRules here(double seconds = 60) {
  return {.holder = this_process(), .seconds = seconds};
}

void sleep_seconds(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 200; ++i) {
    if (condition()) return true;
    sleep_seconds(0.01);
  }
  return false;
}

class Leases : public TemporaryFolder {
 protected:
  /// The lease that a host left which died, its last sign of life so long ago.
  void leave(const LeaseRules& rules, double seconds_ago) {
    write_file(files.lease, fmt_lease(rules));
    age(seconds_ago);
  }

  /// The last sign of life was so long ago.
  void age(double seconds_ago) {
    struct stat status {};
    ASSERT_EQ(::stat(files.lease.c_str(), &status), 0);
    const auto whole = static_cast<time_t>(seconds_ago);
    const timespec times[2] = {status.st_mtim, {status.st_mtim.tv_sec - whole, status.st_mtim.tv_nsec}};
    ASSERT_EQ(::utimensat(AT_FDCWD, files.lease.c_str(), times, 0), 0);
  }

  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) found.insert(entry.path().filename().string());
    return found;
  }

  ClaimFiles files = claim_within(folder);

 private:
  std::string fmt_lease(const LeaseRules& rules) const {
    const fs::path file = folder / "other";
    const auto lease = Lease::take(file, rules);
    return read_file(file);
  }
};

TEST_F(Leases, SayWhoHoldsThemAndAreRemovedAtTheEnd) {
  {
    const auto lease = Lease::take(files.lease, elsewhere());
    ASSERT_TRUE(lease);
    const auto seen = look_at_lease(files.lease);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->holder.host, "node7");
    EXPECT_EQ(seen->holder.process, 12);
    EXPECT_EQ(seen->seconds, 60);
    EXPECT_LT(seen->age, 10);
    EXPECT_FALSE(seen->is_expired());
    EXPECT_FALSE(Lease::take(files.lease, here()));
    EXPECT_TRUE(lease->held());
  }
  EXPECT_FALSE(look_at_lease(files.lease));
  EXPECT_EQ(names(), std::set<std::string>{});
}

TEST_F(Leases, AreRenewedWhileTheyAreHeld) {
  const auto lease = Lease::take(files.lease, elsewhere(/*seconds=*/0.3));
  const timespec first = look_at_lease(files.lease)->written;
  sleep_seconds(0.8);
  const auto seen = look_at_lease(files.lease);
  EXPECT_GT(seen->written.tv_sec * 1000 + seen->written.tv_nsec / 1000000,
            first.tv_sec * 1000 + first.tv_nsec / 1000000 + 400);
  EXPECT_FALSE(seen->is_expired());
  EXPECT_TRUE(lease->held());
}

TEST_F(Leases, AreLostToAThief) {
  const auto lease = Lease::take(files.lease, elsewhere(/*seconds=*/0.3));
  ASSERT_TRUE(comes_true([&] { return steal_lease(files.lease, *look_at_lease(files.lease)); }));
  const auto thief = Lease::take(files.lease, here());
  ASSERT_TRUE(thief);
  EXPECT_TRUE(comes_true([&] { return !lease->held(); }));
  const std::string content = read_file(files.lease);
  sleep_seconds(0.2);
  EXPECT_EQ(read_file(files.lease), content);  // the loser wrote nothing into it
  EXPECT_TRUE(thief->held());
}

TEST_F(Leases, ThatWereLostLeaveTheThiefsInItsPlace) {
  std::unique_ptr<Lease> thief;
  {
    const auto lease = Lease::take(files.lease, elsewhere());
    remove_file(files.lease);
    thief = Lease::take(files.lease, here());
  }
  EXPECT_TRUE(look_at_lease(files.lease));
}

TEST_F(Leases, ThatSomebodyRemovedAreMadeAgain) {
  const auto lease = Lease::take(files.lease, elsewhere(/*seconds=*/0.3));
  remove_file(files.lease);
  EXPECT_TRUE(comes_true([&] { return look_at_lease(files.lease).has_value(); }));
  EXPECT_TRUE(lease->held());
}

TEST_F(Leases, AreLostWithTheirFolder) {
  fs::create_directory(folder / "run");
  const auto lease = Lease::take(folder / "run/.lease", elsewhere(/*seconds=*/0.3));
  fs::remove_all(folder / "run");
  EXPECT_TRUE(comes_true([&] { return !lease->held(); }));
}

TEST_F(Leases, AreOnlyStolenAsTheyWereSeen) {
  leave(elsewhere(), 100);
  const auto seen = look_at_lease(files.lease);
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->is_expired());
  // Another host was faster, and has its own by now: it is put back.
  remove_file(files.lease);
  const auto faster = Lease::take(files.lease, elsewhere());
  EXPECT_FALSE(steal_lease(files.lease, *seen));
  EXPECT_EQ(names(), std::set<std::string>{".lease"});
  EXPECT_NE(look_at_lease(files.lease)->content, seen->content);
}

TEST_F(Leases, AreNotStolenIfTheHolderWokeUp) {
  leave(elsewhere(), 100);
  const auto seen = look_at_lease(files.lease);
  ASSERT_EQ(::utimensat(AT_FDCWD, files.lease.c_str(), nullptr, 0), 0);  // a sign of life
  EXPECT_FALSE(steal_lease(files.lease, *seen));
  EXPECT_EQ(look_at_lease(files.lease)->content, seen->content);
  EXPECT_TRUE(steal_lease(files.lease, *look_at_lease(files.lease)));
  EXPECT_EQ(names(), std::set<std::string>{});
}

TEST_F(Leases, ThatAreDamagedLastAsLongAsUsual) {
  for (const char* content : {"", "{\"host\"", "[1]", R"({"host": 3, "process": "x", "lasts_seconds": "y"})"}) {
    write_file(files.lease, content);
    const auto seen = look_at_lease(files.lease);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->seconds, 60) << content;
    EXPECT_EQ(seen->holder.host, "");
    EXPECT_FALSE(Claim(files, here()).acquired());
  }
}

TEST_F(Leases, OfOneHolderExcludeEachOtherInManyThreads) {
  std::atomic<int> holders = 0, most = 0, taken = 0;
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        LeaseRules rules = elsewhere();
        rules.holder.kernel = std::to_string(t);  // as if each were a host of its own
        const auto lease = Lease::take(files.lease, rules);
        if (!lease) continue;
        most = std::max(most.load(), ++holders);
        ++taken;
        --holders;
      }
    });
  threads.clear();
  EXPECT_EQ(most, 1);
  EXPECT_GT(taken, 0);
}

TEST_F(Leases, LastAsLongAsTheEnvironmentSays) {
  ASSERT_EQ(lease_seconds(), 60);
  for (const auto& [text, seconds] : {std::pair{"5", 5.0}, {"7.5", 7.5}, {"86400", 86400.0}, {"", 60.0}}) {
    ::setenv("LIMBECK_LEASE_SECONDS", text, 1);
    EXPECT_EQ(lease_seconds(), seconds);
  }
  for (const char* text : {"4", "-1", "1e9", "nan", "60s", "a minute"}) {
    ::setenv("LIMBECK_LEASE_SECONDS", text, 1);
    EXPECT_EQ(message_of<Error>([] { lease_seconds(); }),
              std::string("LIMBECK_LEASE_SECONDS='") + text + "'; expected seconds, from 5 to 86400");
  }
  ::unsetenv("LIMBECK_LEASE_SECONDS");
}

using Claims = Leases;

TEST_F(Claims, ExcludeEachOtherOnOneHost) {
  const Claim first(files, here());
  EXPECT_TRUE(first.held());
  const Claim second(files, here());
  EXPECT_FALSE(second.acquired());
  EXPECT_FALSE(second.held());
  EXPECT_FALSE(second.is_elsewhere());
}

TEST_F(Claims, OfAProcessOfThisHostThatIsOnlyFrozenAreItsOwn) {
  const Claim frozen(files, here());
  age(100);
  EXPECT_FALSE(Claim(files, here()).acquired());
}

TEST_F(Claims, OfADeadProcessOfThisHostAreTakenOverAtOnce) {
  leave(here(), 0);
  const Claim claim(files, here());
  EXPECT_TRUE(claim.held());
  EXPECT_EQ(names(), (std::set<std::string>{".lease", ".lock"}));
}

TEST_F(Claims, OfAnotherHostAreRespectedUntilTheyExpire) {
  leave(elsewhere(), 55);
  {
    const Claim claim(files, here());
    EXPECT_FALSE(claim.acquired());
    ASSERT_TRUE(claim.other());
    EXPECT_TRUE(claim.is_elsewhere());
    EXPECT_NEAR(claim.other()->age, 55, 5);
  }
  leave(elsewhere(), 62);
  EXPECT_TRUE(Claim(files, here()).held());
  EXPECT_EQ(names(), (std::set<std::string>{".lock"}));
}

TEST_F(Claims, OfAnUnknownKernelAreThoseOfAnotherHost) {
  LeaseRules unknown = here();
  unknown.holder.kernel.clear();
  leave(unknown, 0);
  EXPECT_FALSE(Claim(files, unknown).acquired());
}

TEST_F(Claims, LastAsLongAsTheirHolderSaysNotAsTheOneWhoLooks) {
  leave(elsewhere(/*seconds=*/300), 100);
  EXPECT_FALSE(Claim(files, here(/*seconds=*/5)).acquired());
  leave(elsewhere(/*seconds=*/5), 100);
  EXPECT_TRUE(Claim(files, here(/*seconds=*/300)).acquired());
}

TEST_F(Claims, OfAFrozenHostAreLost) {
  const Claim frozen(files, elsewhere(/*seconds=*/0.3));
  ASSERT_TRUE(frozen.held());
  ASSERT_TRUE(comes_true([&] { return steal_lease(files.lease, *look_at_lease(files.lease)); }));
  const auto other = Lease::take(files.lease, here());
  EXPECT_TRUE(comes_true([&] { return !frozen.held(); }));
  EXPECT_TRUE(frozen.acquired());
}

TEST_F(Claims, BesideAFolderLeaveTheFolderAlone) {
  const Claim beside(claim_beside(folder / "0001"), here());
  EXPECT_TRUE(beside.held());
  const FolderLock within(folder / "0001", here());
  EXPECT_TRUE(within.held());
  EXPECT_EQ(names(), (std::set<std::string>{"0001", "0001.lease", "0001.lock"}));
}

TEST_F(Claims, AFolderIsHeldByOneRunAtATime) {
  const FolderLock first(folder);
  EXPECT_EQ(message_of<Error>([&] { FolderLock second(folder); }),
            fmt::format("the folder '{}' is in use by another run (process {}); wait for it or choose another --out",
                        folder.string(), ::getpid()));
}

TEST_F(Claims, AFolderOfAnotherHostSaysWhoseItIs) {
  leave(elsewhere(), 20);
  const std::string message = message_of<Error>([&] { FolderLock lock(folder, here()); });
  const std::string start =
      fmt::format("the folder '{}' is in use by another run on the host 'node7' (process 12, ", folder.string());
  ASSERT_EQ(message.substr(0, start.size()), start);
  EXPECT_TRUE(std::regex_match(message.substr(start.size()),
                               std::regex("last sign of life 2. s ago\\); wait for it or choose another --out\\. "
                                          "If that host is dead, the folder is free in (3.|40) s")))
      << message;
  leave(elsewhere(), 100);
  EXPECT_TRUE(FolderLock(folder, here()).held());
}

TEST_F(Claims, AFolderThatNothingWasWrittenIntoIsRemoved) {
  { const FolderLock lock(folder / "a/b"); }
  EXPECT_FALSE(fs::exists(folder / "a"));
  {
    const FolderLock lock(folder / "a/b");
    write_file(folder / "a/b/recipe.yaml", "");
  }
  EXPECT_TRUE(fs::exists(folder / "a/b/recipe.yaml"));
  EXPECT_FALSE(fs::exists(folder / "a/b/.lease"));
}

TEST(UniqueNames, DifferAndEndInPart) {
  const fs::path first = unique_part("a/b"), second = unique_part("a/b");
  EXPECT_NE(first, second);
  EXPECT_EQ(first.parent_path(), "a");
  EXPECT_TRUE(first.filename().string().starts_with("b."));
  EXPECT_EQ(first.extension(), ".part");
}

}  // namespace
}  // namespace limbeck

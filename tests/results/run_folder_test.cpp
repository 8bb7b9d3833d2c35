#include "results/run_folder.h"

#include <gtest/gtest.h>

#include "core/claim.h"
#include "report/run_fixture.h"

namespace limbeck {
namespace {

TEST(RunFolders, SetAStageAsideWithoutTheClaimOnIt) {
  const report_test::TemporaryFolder folder;
  const RunFolder run(folder.path());
  const fs::path stage = run.stage("student").path();
  write_file(stage / "stage.json", "{}");
  const Claim claim(claim_within(stage));
  const fs::path previous = run.set_aside_stage("student");
  EXPECT_TRUE(fs::exists(previous / "stages/student/stage.json"));
  EXPECT_FALSE(fs::exists(stage / "stage.json"));
  EXPECT_TRUE(fs::exists(stage / ".lock"));
  EXPECT_TRUE(fs::exists(stage / ".lease"));
}

}  // namespace
}  // namespace limbeck

// Which rank a process is, from the variables of each launcher.
#include "ranks/launch.h"

#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<Launch> launch_with(const Variables& variables) {
  return launch_from([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

std::string refusal(const Variables& variables) {
  return message_of<Error>([&] { launch_with(variables); });
}

void expect_part(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << message << "\n  lacks: " << part;
}

const Variables kTorchrun = {{"RANK", "2"},
                             {"WORLD_SIZE", "4"},
                             {"LOCAL_RANK", "0"},
                             {"LOCAL_WORLD_SIZE", "2"},
                             {"MASTER_ADDR", "node0"},
                             {"MASTER_PORT", "29500"}};

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
}

TEST(Launch, IsNoneWithoutALauncher) {
  EXPECT_FALSE(launch_with({}));
  EXPECT_FALSE(launch_with({{"SLURM_PROCID", "0"}}));
  Variables alone = with(with(kTorchrun, "WORLD_SIZE", "1"), "RANK", "0");
  alone.erase("LOCAL_WORLD_SIZE");
  EXPECT_FALSE(launch_with(alone));
}

TEST(Launch, IsOfTorchrun) {
  const auto launch = launch_with(kTorchrun);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 2);
  EXPECT_EQ(launch->size, 4);
  EXPECT_EQ(launch->local_rank, 0);
  EXPECT_EQ(launch->local_size, 2);
  EXPECT_EQ(launch->address, "node0");
  EXPECT_EQ(launch->port, 29500);
  EXPECT_EQ(launch->launcher, "torchrun");
}

TEST(Launch, TakesThePlaceOnItsHostFromTheRankIfItIsNotSaid) {
  Variables by_hand = with(kTorchrun, "RANK", "3");
  by_hand.erase("LOCAL_RANK");
  EXPECT_EQ(launch_with(by_hand)->local_rank, 1);
  by_hand.erase("LOCAL_WORLD_SIZE");
  EXPECT_EQ(launch_with(by_hand)->local_rank, 0);
  expect_part(refusal(with(kTorchrun, "LOCAL_RANK", "4")), "LOCAL_RANK='4'; expected a number from 0 to 3");
}

TEST(Launch, TakesThePortAboveTorchrunsOwn) {
  Variables elastic = with(kTorchrun, "TORCHELASTIC_USE_AGENT_STORE", "True");
  elastic["TORCHELASTIC_RESTART_COUNT"] = "2";
  EXPECT_EQ(launch_with(elastic)->port, 29501);
  EXPECT_EQ(launch_with(elastic)->restart, 2);
}

TEST(Launch, NamesWhatIsMissingOrWrong) {
  Variables half = kTorchrun;
  half.erase("WORLD_SIZE");
  half.erase("MASTER_PORT");
  expect_part(refusal(half), "RANK, MASTER_ADDR are set, and WORLD_SIZE, MASTER_PORT are not");
  expect_part(refusal({{"WORLD_SIZE", "2"}}), "WORLD_SIZE is set, and RANK, MASTER_ADDR, MASTER_PORT are not");
  expect_part(refusal(with(kTorchrun, "RANK", "4")), "RANK=4 and WORLD_SIZE=4");
  expect_part(refusal(with(kTorchrun, "RANK", "one")), "RANK='one'; expected a number");
  expect_part(refusal(with(kTorchrun, "MASTER_PORT", "70000")), "MASTER_PORT='70000'");
}

TEST(Launch, IsOfSlurm) {
  const Variables slurm = {{"SLURM_PROCID", "5"},
                           {"SLURM_STEP_NUM_TASKS", "7"},
                           {"SLURM_NTASKS", "9"},
                           {"SLURM_STEP_NODELIST", "node[03-05,9],gpu1"},
                           {"SLURM_STEP_TASKS_PER_NODE", "2(x3),1"},
                           {"SLURM_NODEID", "2"},
                           {"SLURM_LOCALID", "1"},
                           {"SLURM_JOB_ID", "123456"}};
  const auto launch = launch_with(slurm);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 5);
  EXPECT_EQ(launch->size, 7);
  EXPECT_EQ(launch->address, "node03");
  EXPECT_EQ(launch->local_size, 2);
  EXPECT_EQ(launch->local_rank, 1);
  EXPECT_EQ(launch_with(with(with(slurm, "SLURM_NODEID", "3"), "SLURM_LOCALID", "0"))->local_size, 1);
  EXPECT_EQ(launch->port, 15000 + 123456 % 15000);
  EXPECT_EQ(launch_with(with(slurm, "MASTER_ADDR", "10.0.0.1"))->address, "10.0.0.1");
  EXPECT_EQ(launch_with({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "2"}, {"SLURM_JOB_NODELIST", "a1,a2"}})->address,
            "a1");
}

TEST(Launch, KnowsSlurmsFirstHost) {
  EXPECT_EQ(first_host("node7"), "node7");
  EXPECT_EQ(first_host("a1,b2"), "a1");
  EXPECT_EQ(first_host("node[01-04]"), "node01");
  EXPECT_EQ(first_host("node[7,9]-ib,x"), "node7-ib");
  EXPECT_EQ(first_host("login,node[1-2]"), "login");
}

TEST(Launch, IsOfOpenMpi) {
  const Variables mpi = {{"OMPI_COMM_WORLD_RANK", "1"},
                         {"OMPI_COMM_WORLD_SIZE", "2"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  const auto launch = launch_with(mpi);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->local_rank, 1);
  EXPECT_EQ(launch->address, "127.0.0.1");
  EXPECT_EQ(launch->launcher, "Open MPI");
  expect_part(refusal(with(mpi, "OMPI_COMM_WORLD_LOCAL_SIZE", "1")), "mpirun -x MASTER_ADDR=HOST");
}

}  // namespace
}  // namespace limbeck

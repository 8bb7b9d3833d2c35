// Tells the frames of a crash on stderr: machines with a GPU that are lent for minutes have no debugger.
// scripts/gpu.sh finds the functions of the addresses.
#include <execinfo.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>

namespace limbeck {
namespace {

extern "C" void tell_frames(int signal) {
  std::array<void*, 96> frames;
  backtrace_symbols_fd(frames.data(), backtrace(frames.data(), static_cast<int>(frames.size())), 2);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

class TellsCrashes : public testing::Environment {
 public:
  void SetUp() override {
    std::array<void*, 2> frames;
    backtrace(frames.data(), static_cast<int>(frames.size()));  // loads what it needs, before there is a crash
    const stack_t own{.ss_sp = stack_.data(), .ss_flags = 0, .ss_size = stack_.size()};
    sigaltstack(&own, nullptr);  // the stack itself may have ended
    struct sigaction action {};
    action.sa_handler = tell_frames;
    action.sa_flags = SA_ONSTACK;
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigaction(signal, &action, nullptr);
  }

 private:
  std::array<char, 1 << 16> stack_;
};

const testing::Environment* const kCrashes = testing::AddGlobalTestEnvironment(new TellsCrashes);

TEST(Crashes, AreTold) {
  ASSERT_NE(kCrashes, nullptr);
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(std::raise(SIGSEGV), "test_gpu");
}

}  // namespace
}  // namespace limbeck

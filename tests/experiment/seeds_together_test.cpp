#include "experiment/seeds_together.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "kernels/device_turns.h"

namespace limbeck {
namespace {

std::string text_of(const Event& event) {
  if (const auto* notice = std::get_if<Notice>(&event)) return notice->message;
  return std::holds_alternative<StepDone>(event) ? "step" : "other";
}

TEST(EventsInOrder, ShowOneRunAfterTheOther) {
  std::vector<std::string> seen;
  EventBus events;
  events.subscribe([&](const Event& event) { seen.push_back(text_of(event)); });
  EventsInOrder order(events, 3);
  order.of(1).emit(Notice{"b1"});
  order.of(0).emit(Notice{"a1"});
  order.of(1).emit(StepDone{});  // of a run that is not shown
  order.of(0).emit(StepDone{});
  order.of(2).emit(Notice{"c1"});
  order.end(1);
  order.of(0).emit(Notice{"a2"});
  EXPECT_EQ(seen, (std::vector<std::string>{"a1", "step", "a2"}));
  order.end(0);
  order.of(2).emit(Notice{"c2"});
  EXPECT_EQ(seen, (std::vector<std::string>{"a1", "step", "a2", "b1", "c1", "c2"}));
  order.end(2);
}

TEST(RunTogether, ThrowsWhatTheFirstOneThrewAfterAllHaveEnded) {
  std::atomic<bool> stopped = false;
  std::atomic<int> begun = 0, ended = 0;
  const auto run = [&] {
    run_together(
        5, 3,
        [&](size_t i) {
          ++begun;
          while (begun < 3) std::this_thread::yield();
          if (i == 1) throw std::runtime_error("the second fails");
          while (!stopped) std::this_thread::yield();
          ++ended;
        },
        [&] { stopped = true; });
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_EQ(begun, 3);  // of five
  EXPECT_EQ(ended, 2);
}

TEST(DeviceTurns, GiveTheDeviceToOneThreadAloneAndGoOn) {
  std::atomic<int> working = 0, captures = 0;
  std::atomic<bool> disturbed = false;
  run_together(
      4, 4,
      [&](size_t i) {
        for (size_t step = 0; step < 200; ++step) {
          DeviceUse::pause();
          if (step % 50 == 10 * i) {
            const DeviceAlone alone;
            if (working != 0) disturbed = true;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            if (working != 0) disturbed = true;
            ++captures;
          }
          ++working;
          std::this_thread::yield();
          --working;
        }
      },
      [] {});
  EXPECT_FALSE(disturbed);
  EXPECT_EQ(captures, 16);
}

}  // namespace
}  // namespace limbeck

#pragma once
// A folder of its own for each test, removed afterwards.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "core/files.h"

namespace limbeck {

class TemporaryFolder : public testing::Test {
 protected:
  TemporaryFolder() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder = fs::temp_directory_path() /
             fmt_name(std::string(info->test_suite_name()) + "." + info->name() + "." + std::to_string(::getpid()));
    fs::create_directories(folder);
  }
  ~TemporaryFolder() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  fs::path folder;

 private:
  static std::string fmt_name(std::string name) {
    for (char& c : name)
      if (c == '/') c = '_';
    return "limbeck_" + name;
  }
};

/// Runs `action`, which must throw `Exception`, and returns the message.
template <class Exception, class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

}  // namespace limbeck

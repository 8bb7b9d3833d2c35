#pragma once
// A file descriptor of the system that is closed with its scope.
#include <unistd.h>

namespace limbeck {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  bool is_open() const { return value_ >= 0; }
  /// Returns what close(2) returns.
  int close() {
    const int result = is_open() ? ::close(value_) : 0;
    value_ = -1;
    return result;
  }

 private:
  int value_;
};

}  // namespace limbeck

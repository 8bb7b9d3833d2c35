#include "serve/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

namespace limbeck {
namespace {

constexpr std::chrono::milliseconds kSlice{100};  // how soon a stop is noticed
constexpr std::chrono::milliseconds kLinger{500};
constexpr size_t kBuffer = 16 << 10;

std::chrono::steady_clock::time_point after(double seconds) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds));
}

}  // namespace

Connection::Connection(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping)
    : socket_(socket), limits_(limits), stopping_(stopping), read_deadline_(after(limits.request_seconds)) {}

bool Connection::wait_for(short events, Clock::time_point deadline) const {
  while (!stopping_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd of_socket{.fd = socket_, .events = events, .revents = 0};
    const int ready = ::poll(&of_socket, 1, static_cast<int>(std::min(left, kSlice).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

bool Connection::is_readable() const {
  return place_ < buffer_.size() || wait_for(POLLIN, read_deadline_);
}

bool Connection::is_writable() const {
  return wait_for(POLLOUT, write_deadline_ == Clock::time_point{} ? after(limits_.answer_seconds) : write_deadline_);
}

bool Connection::fill() {
  if (!wait_for(POLLIN, read_deadline_)) return false;
  buffer_.resize(kBuffer);
  place_ = 0;
  const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
  buffer_.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

bool Connection::admit(char byte) {
  if (taken_ >= (in_headers_ ? limits_.header_bytes : limits_.all_bytes)) return false;
  ++taken_;
  if (!in_headers_) return true;
  if (byte == '\n')
    ++line_breaks_;
  else if (byte != '\r')
    line_breaks_ = 0;
  if (line_breaks_ == 2) in_headers_ = false;
  return true;
}

ssize_t Connection::read(char* bytes, size_t size) {
  if (place_ == buffer_.size() && !fill()) return -1;
  size_t count = 0;
  while (count < size && place_ < buffer_.size()) {
    if (!admit(buffer_[place_])) return count > 0 ? static_cast<ssize_t>(count) : -1;
    bytes[count++] = buffer_[place_++];
  }
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* bytes, size_t size) {
  if (write_deadline_ == Clock::time_point{}) write_deadline_ = after(limits_.answer_seconds);
  if (!wait_for(POLLOUT, write_deadline_)) return -1;
  return ::send(socket_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Connection::linger() {
  ::shutdown(socket_, SHUT_WR);
  const Clock::time_point deadline = Clock::now() + kLinger;
  buffer_.resize(kBuffer);
  while (wait_for(POLLIN, deadline) && ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) > 0) {
  }
}

// Nobody asks who is there.
void Connection::get_remote_ip_and_port(std::string& address, int& port) const {
  address.clear();
  port = 0;
}

void Connection::get_local_ip_and_port(std::string& address, int& port) const {
  get_remote_ip_and_port(address, port);
}

}  // namespace limbeck

#pragma once
// An httplib stream with limits on time and size: requests that arrive too slowly or are too large are aborted, so that
// no client blocks a thread for long. Included only by http_server.cpp, to keep httplib.h out of other files.
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <string>

namespace limbeck {

struct ConnectionLimits {
  size_t header_bytes = 32 << 10;  ///< request line and headers
  size_t all_bytes = 0;            ///< headers and body
  double request_seconds = 0;      ///< timeout for receiving the whole request
  double answer_seconds = 120;     ///< timeout for sending the answer
};

class Connection : public httplib::Stream {
 public:
  /// Setting `stopping` ends all waiting. It and the socket must outlive the connection.
  Connection(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping);

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* bytes, size_t size) override;
  ssize_t write(const char* bytes, size_t size) override;
  void get_remote_ip_and_port(std::string& address, int& port) const override;
  void get_local_ip_and_port(std::string& address, int& port) const override;
  socket_t socket() const override { return socket_; }

  /// Shuts down sending, then reads and discards what the client still sends for up to half a second: closing a socket
  /// with unread data resets the connection, and the answer would be lost.
  void linger();

 private:
  using Clock = std::chrono::steady_clock;
  bool wait_for(short events, Clock::time_point deadline) const;
  bool fill();
  /// Returns whether the byte is within the limits; tracks the end of the headers.
  bool admit(char byte);

  int socket_;
  ConnectionLimits limits_;
  const std::atomic<bool>& stopping_;
  Clock::time_point read_deadline_, write_deadline_;
  std::string buffer_;
  size_t place_ = 0;  // in buffer_
  size_t taken_ = 0;  // bytes of the request
  bool in_headers_ = true;
  int line_breaks_ = 0;  // consecutive ones, ignoring "\r"
};

}  // namespace limbeck

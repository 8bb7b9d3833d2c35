#pragma once
// One connection as httplib reads and writes it, within limits: a request that comes too slowly, or brings more than it
// may, is cut off, so that no client holds a thread for long. Used by http_server.cpp alone: httplib.h stays out of
// other files.
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <string>

namespace limbeck {

struct ConnectionLimits {
  size_t header_bytes = 32 << 10;  ///< request line and headers
  size_t all_bytes = 0;            ///< headers and body
  double request_seconds = 0;      ///< for all of it to arrive
  double answer_seconds = 120;     ///< for the answer to be taken
};

class Connection : public httplib::Stream {
 public:
  /// `stopping` ends waiting; it and the socket outlive the connection.
  Connection(int socket, const ConnectionLimits& limits, const std::atomic<bool>& stopping);

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* bytes, size_t size) override;
  ssize_t write(const char* bytes, size_t size) override;
  void get_remote_ip_and_port(std::string& address, int& port) const override;
  void get_local_ip_and_port(std::string& address, int& port) const override;
  socket_t socket() const override { return socket_; }

  /// Says that no more will be sent, then takes for a moment what the client still sends: a connection that is closed
  /// with bytes unread is reset, and the answer lost.
  void linger();

 private:
  using Clock = std::chrono::steady_clock;
  bool wait_for(short events, Clock::time_point deadline) const;
  bool fill();
  /// Whether the byte may be taken; follows where the headers end.
  bool admit(char byte);

  int socket_;
  ConnectionLimits limits_;
  const std::atomic<bool>& stopping_;
  Clock::time_point read_deadline_, write_deadline_;
  std::string buffer_;
  size_t place_ = 0;  // in buffer_
  size_t taken_ = 0;  // bytes of the request
  bool in_headers_ = true;
  int line_breaks_ = 0;  // without anything between them, "\r" aside
};

}  // namespace limbeck

#pragma once
// HTTP server: listens on a socket, reads requests within limits of size and time, and sends the answers of a callback.
// Each connection carries one request (no keep-alive), which excludes request smuggling.
//
//   HttpServer server({.host = "127.0.0.1", .port = 0}, answer);
//   fmt::print("http://127.0.0.1:{}\n", server.port());
//   server.run_until([&] { return stop.stop_requested(); });
#include <functional>
#include <memory>
#include <string>

#include "serve/http.h"

namespace limbeck {

struct HttpServerOptions {
  std::string host = "127.0.0.1";  ///< host name or address to listen on
  int port = 8080;                 ///< 0: any free port
  size_t largest_body = 8 << 20;   ///< bytes
  double request_seconds = 10;     ///< timeout for receiving a request
  std::string policy;              ///< default Content-Security-Policy of answers
};

class HttpServer {
 public:
  using Answer = std::function<HttpAnswer(const HttpRequest&)>;

  /// Starts listening. `answer` must be thread-safe; an exception from it becomes status 500. Throws Error if the
  /// address or port is not available.
  HttpServer(HttpServerOptions options, Answer answer);
  ~HttpServer();

  int port() const;
  /// Serves until `stop` returns true; polls it ten times a second.
  void run_until(const std::function<bool()>& stop);

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

/// Returns whether an address is a loopback address: 127.0.0.0/8, ::1 or localhost.
bool is_loopback(const std::string& host);

/// Returns whether to accept a request with this Host header on a server that listens on `host`. A server on a loopback
/// address accepts only `host` and loopback names: otherwise a foreign website could read its data by DNS rebinding.
/// Other servers accept any name.
bool is_own_name(const std::string& header, const std::string& host);

}  // namespace limbeck

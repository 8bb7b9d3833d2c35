#pragma once
// Sockets: listens, reads requests within limits of size and time, and sends what a function answers. Each connection
// carries one request, so that nothing of one can be taken for the next.
//
//   HttpServer server({.host = "127.0.0.1", .port = 0}, answer);
//   fmt::print("http://127.0.0.1:{}\n", server.port());
//   server.run_until([] { return stop_requested() != 0; });
#include <functional>
#include <memory>
#include <string>

#include "serve/http.h"

namespace limbeck {

struct HttpServerOptions {
  std::string host = "127.0.0.1";  ///< name or address to listen at
  int port = 8080;                 ///< 0: any free one
  size_t largest_body = 8 << 20;   ///< bytes
  double request_seconds = 10;     ///< for a request to arrive
  std::string policy;              ///< Content-Security-Policy of answers that bring none of their own
};

class HttpServer {
 public:
  using Answer = std::function<HttpAnswer(const HttpRequest&)>;

  /// Listens. `answer` is called from several threads at once; an exception becomes a status 500. Throws Error where
  /// the address or the port cannot be had.
  HttpServer(HttpServerOptions options, Answer answer);
  ~HttpServer();

  int port() const;
  /// Serves until `stop` says so; it is asked ten times a second.
  void run_until(const std::function<bool()>& stop);

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

/// Whether an address is this machine's own alone: 127.0.0.0/8, ::1, localhost.
bool is_loopback(const std::string& host);

/// Whether a request's Host header names a server that listens at `host`. At a loopback address only that and the
/// machine's own names will do: else a page of elsewhere, whose name leads here (DNS rebinding), could read what is
/// served.
bool is_own_name(const std::string& header, const std::string& host);

}  // namespace limbeck

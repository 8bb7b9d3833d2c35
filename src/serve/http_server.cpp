#include "serve/http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstring>
#include <thread>

#include "core/error.h"
#include "serve/connection.h"

namespace limbeck {
namespace {

constexpr size_t kThreads = 512;  // connections that are served at once; most wait
constexpr size_t kLongestPath = 1000;
constexpr size_t kDrained = 24 << 20;  // of a body that is too large, so that its sender hears of it
constexpr std::chrono::milliseconds kStopInterval{100};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// "application/json; charset=utf-8" → "application/json"
std::string media_type(const std::string& header) {
  std::string type = lower(header.substr(0, header.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  return type;
}

/// "[::1]:8080" → "::1", "localhost:8080" → "localhost"
std::string host_of(const std::string& header) {
  std::string host = lower(header);
  if (host.starts_with("[")) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

/// Of what httplib refuses by itself.
std::string reason_of(int status) {
  switch (status) {
    case 400:
      return "the request is malformed, too large, or did not arrive in time";
    case 413:
      return "the body is too large";
    case 414:
      return "the path is too long";
    case 417:
      return "unknown expectation";
    default:
      return fmt::format("status {}", status);
  }
}

/// All headers of that name as one.
std::string joined_header(const httplib::Request& request, const char* name) {
  std::string joined;
  for (auto [header, end] = request.headers.equal_range(name); header != end; ++header)
    joined += (joined.empty() ? "" : ",") + header->second;
  return joined;
}

HttpRequest request_from(const httplib::Request& request, std::string body) {
  return {.method = request.method == "HEAD" ? "GET" : request.method,
          .path = request.path,
          .query = {request.params.begin(), request.params.end()},
          .content_type = media_type(request.get_header_value("Content-Type")),
          .body = std::move(body),
          .accepts_gzip = accepts_gzip(joined_header(request, "Accept-Encoding"))};
}

/// The body is sent from where it lies; without httplib's own compression, which would pack again what is packed.
void send(HttpAnswer answer, const httplib::Request& request, httplib::Response& response) {
  const std::string tag = answer.tag.empty() ? "" : "\"" + answer.tag + "\"";
  for (const auto& [name, value] : answer.headers) {
    response.headers.erase(name);  // what is said of all answers
    response.set_header(name, value);
  }
  if (!tag.empty()) response.set_header("ETag", tag);
  response.status = answer.status;
  if (!tag.empty() && request.get_header_value("If-None-Match") == tag) {
    response.status = 304;
    return;
  }
  const std::string_view body = answer.body;
  response.set_content_provider(
      body.size(), answer.type,
      [body, owned = std::move(answer.owned)](size_t offset, size_t length, httplib::DataSink& sink) {
        return sink.write(body.data() + offset, length);
      });
}

}  // namespace

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

bool is_own_name(const std::string& header, const std::string& host) {
  const std::string name = host_of(header);
  return !is_loopback(host) || is_loopback(name) || name == lower(host);
}

class HttpServer::Listener : public httplib::Server {
 public:
  Listener(HttpServerOptions options, Answer answer)
      : options_(std::move(options)),
        answer_(std::move(answer)),
        limits_{.all_bytes = options_.largest_body + kDrained, .request_seconds = options_.request_seconds} {
    new_task_queue = [] { return new httplib::ThreadPool(kThreads); };  // httplib deletes it
    set_payload_max_length(options_.largest_body);
    // Without SO_REUSEPORT, which httplib sets: a second server at the same port is to fail.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    set_default_headers({{"Content-Security-Policy", options_.policy},
                         {"X-Content-Type-Options", "nosniff"},
                         {"Referrer-Policy", "no-referrer"},
                         {"Cross-Origin-Resource-Policy", "same-origin"},
                         {"Cross-Origin-Opener-Policy", "same-origin"},
                         {"Cache-Control", "no-cache"}});
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return before_body(request, response);
    });
    Post(".*", [this](const httplib::Request& request, httplib::Response& response,
                      const httplib::ContentReader& reader) { with_body(request, response, reader); });
    set_error_handler([](const httplib::Request& request, httplib::Response& response) {
      if (response.body.empty() && response.content_length_ == 0)
        send(error_answer(response.status, reason_of(response.status)), request, response);
    });
  }

  void bind() {
    errno = 0;
    port_ = options_.port;
    if (options_.port == 0)
      port_ = bind_to_any_port(options_.host);
    else if (!bind_to_port(options_.host, options_.port))
      port_ = -1;
    if (port_ > 0) return;
    const std::string reason = errno == 0 ? "no such address" : std::strerror(errno);
    throw Error(fmt::format("cannot listen at {}, port {}: {}; choose another --port (0: any free one)", options_.host,
                            options_.port, reason));
  }

  int port() const { return port_; }

  void stop_all() {
    stopping_ = true;
    stop();
  }

 private:
  /// Everything that needs no body is answered here, before one is read.
  HandlerResponse before_body(const httplib::Request& request, httplib::Response& response) {
    const auto refuse = [&](int status, const std::string& message) {
      send(error_answer(status, message), request, response);
      return HandlerResponse::Handled;
    };
    if (request.get_header_value_count("Host") != 1) return refuse(400, "expected one Host header");
    if (!is_own_name(request.get_header_value("Host"), options_.host))
      return refuse(421, fmt::format("this server is not '{}'; it listens at {}", request.get_header_value("Host"),
                                     options_.host));
    if (request.path.size() > kLongestPath)
      return refuse(414, fmt::format("the path has more than {} bytes", kLongestPath));
    const bool brings_body = request.method == "POST";
    if (brings_body && media_type(request.get_header_value("Content-Type")) != "application/json")
      return refuse(415, "expected Content-Type: application/json");
    if (brings_body && request.has_header("Content-Encoding"))
      return refuse(415, "expected a body without Content-Encoding");
    if (brings_body) return HandlerResponse::Unhandled;
    respond(request, "", response);
    return HandlerResponse::Handled;
  }

  void with_body(const httplib::Request& request, httplib::Response& response, const httplib::ContentReader& reader) {
    std::string body;
    bool too_large = false;
    const bool complete = reader([&](const char* bytes, size_t size) {
      too_large |= body.size() + size > options_.largest_body;
      if (!too_large) body.append(bytes, size);
      return true;
    });
    if (too_large || response.status == 413)
      send(error_answer(413, fmt::format("the body has more than {} bytes", options_.largest_body)), request, response);
    else if (!complete)
      send(error_answer(400, "the body is not complete"), request, response);
    else
      respond(request, std::move(body), response);
  }

  void respond(const httplib::Request& request, std::string body, httplib::Response& response) {
    try {
      send(answer_(request_from(request, std::move(body))), request, response);
    } catch (const std::exception& problem) {
      send(error_answer(500, problem.what()), request, response);
    }
  }

  bool process_and_close_socket(socket_t socket) override {
    Connection connection(socket, limits_, stopping_);
    bool closed = false;
    const bool done = process(connection, closed);
    connection.linger();
    ::close(socket);
    return done;
  }

  /// Newer versions of cpp-httplib (0.18 of Debian 13) want the addresses of both ends too, which nothing here reads.
  template <class Stream>
  bool process(Stream& stream, bool& closed) {
    const auto no_ranges = [](httplib::Request& request) { request.ranges.clear(); };
    const std::string address;
    if constexpr (requires { this->process_request(stream, address, 0, address, 0, true, closed, no_ranges); })
      return this->process_request(stream, address, 0, address, 0, /*close_connection=*/true, closed, no_ranges);
    else
      return this->process_request(stream, /*close_connection=*/true, closed, no_ranges);
  }

  HttpServerOptions options_;
  Answer answer_;
  ConnectionLimits limits_;
  std::atomic<bool> stopping_{false};
  int port_ = -1;
};

HttpServer::HttpServer(HttpServerOptions options, Answer answer)
    : listener_(std::make_unique<Listener>(std::move(options), std::move(answer))) {
  listener_->bind();
}

HttpServer::~HttpServer() = default;

int HttpServer::port() const {
  return listener_->port();
}

void HttpServer::run_until(const std::function<bool()>& stop) {
  std::atomic<bool> ended{false};
  std::thread listening([&] {
    listener_->listen_after_bind();
    ended = true;
  });
  bool asked = false;
  while (!ended) {
    asked = asked || stop();
    if (asked) listener_->stop_all();
    std::this_thread::sleep_for(kStopInterval);
  }
  listening.join();
  if (!asked) throw Error("the server stopped by itself: the system gave it no more connections");
}

}  // namespace limbeck

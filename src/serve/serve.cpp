#include "serve/serve.h"

#include <fmt/core.h>

#include "serve/http_server.h"
#include "serve/routes.h"

namespace limbeck {

struct Service::Parts {
  Parts(const std::vector<fs::path>& folders, const ServiceOptions& options)
      : host(options.host),
        routes(ServedRuns(folders)),
        server({.host = options.host, .port = options.port, .policy = kPagePolicy},
               [this](const HttpRequest& request) { return routes.answer(request); }) {}

  std::string host;
  Routes routes;
  HttpServer server;
};

Service::Service(const std::vector<fs::path>& folders, const ServiceOptions& options)
    : parts_(std::make_unique<Parts>(folders, options)) {}

Service::~Service() = default;

std::string Service::address() const {
  const bool ipv6 = parts_->host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}/", ipv6 ? "[" : "", parts_->host, ipv6 ? "]" : "", parts_->server.port());
}

size_t Service::run_count() const {
  return parts_->routes.runs().all().size();
}

void Service::run_until(const std::function<bool()>& stop) {
  parts_->server.run_until(stop);
}

}  // namespace limbeck

#include "serve/serve.h"

#include <fmt/core.h>

namespace limbeck {

Service::Service(const std::vector<fs::path>& folders, const ServiceOptions& options)
    : host_(options.host),
      routes_(ServedRuns(folders)),
      server_({.host = options.host, .port = options.port, .policy = kPagePolicy},
              [this](const HttpRequest& request) { return routes_.answer(request); }) {}

std::string Service::address() const {
  const bool ipv6 = host_.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}/", ipv6 ? "[" : "", host_, ipv6 ? "]" : "", server_.port());
}

}  // namespace limbeck

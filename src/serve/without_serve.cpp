// In the place of the whole room, in a build without cpp-httplib and the pages.
#include "core/parts.h"
#include "serve/playground.h"
#include "serve/serve.h"

namespace limbeck {
namespace {

Error no_pages() {
  return left_out("serve and its pages", "LIMBECK_SERVE");
}

}  // namespace

struct Service::Parts {};
Service::Service(const std::vector<fs::path>&, const ServiceOptions&) {
  throw no_pages();
}
Service::~Service() = default;
std::string Service::address() const {
  throw no_pages();
}
size_t Service::run_count() const {
  throw no_pages();
}
void Service::run_until(const std::function<bool()>&) {
  throw no_pages();
}

std::vector<std::string> write_playground(const fs::path&, const std::vector<fs::path>&) {
  throw no_pages();
}

}  // namespace limbeck

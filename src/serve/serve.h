#pragma once
// `limbeck serve` as a function: pages and API of runs, until it is to stop.
//
//   Service service({"runs/demo"}, {.port = 0});
//   fmt::print("{}\n", service.address());      // http://127.0.0.1:40217/
//   service.run_until([] { return stop_requested() != 0; });
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct ServiceOptions {
  std::string host = "127.0.0.1";  ///< other than a loopback address: whoever reaches the machine sees the runs
  int port = 8080;                 ///< 0: any free one
};

class Service {
 public:
  /// `folders`: of runs, or of folders of runs. Throws Error where one is not there, or the port cannot be had.
  Service(const std::vector<fs::path>& folders, const ServiceOptions& options);
  ~Service();

  std::string address() const;
  size_t run_count() const;
  void run_until(const std::function<bool()>& stop);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace limbeck

#pragma once
// `limbeck serve` as a class: serves pages and the API for runs until told to stop.
//
//   Service service({"runs/demo"}, {.port = 0});
//   fmt::print("{}\n", service.address());      // http://127.0.0.1:40217/
//   service.run_until([&] { return stop.stop_requested(); });
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct ServiceOptions {
  std::string host = "127.0.0.1";  ///< with a non-loopback address, anyone who can reach the machine can see the runs
  int port = 8080;                 ///< 0: any free port
};

class Service {
 public:
  /// `folders`: run folders, or folders that contain run folders. Throws Error if one is missing or the port is not
  /// available.
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

#pragma once
#include <string>
#include <vector>

namespace limbeck {

struct ServeFlags {
  std::vector<std::string> runs;
  std::string host = "127.0.0.1";
  int port = 8080;
};

}  // namespace limbeck

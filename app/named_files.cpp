#include "app/named_files.h"

#include "core/error.h"

namespace limbeck {

std::map<std::string, std::string> named_files(const std::vector<std::string>& given, const char* flag) {
  std::map<std::string, std::string> files;
  for (const std::string& one : given) {
    const size_t at = one.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == one.size())
      throw Error(ErrorKind::usage, fmt::format("{} {}: expected NAME=FILE", flag, one));
    if (!files.emplace(one.substr(0, at), one.substr(at + 1)).second)
      throw Error(ErrorKind::usage, fmt::format("{}: '{}' is given twice", flag, one.substr(0, at)));
  }
  return files;
}

}  // namespace limbeck

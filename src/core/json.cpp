#include "core/json.h"

#include "core/error.h"

namespace limbeck {

Json parse_json(const std::string& text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& problem) {
    throw Error(fmt::format("'{}' is not valid JSON: {}", name, problem.what()));
  }
}

Json read_json(const fs::path& path) { return parse_json(read_file(path), path.string()); }

}  // namespace limbeck

#include "core/version.h"

#include "commit.h"

namespace limbeck {

std::string built_commit() { return LIMBECK_COMMIT; }

std::string version_text() {
  const std::string commit = built_commit();
  return kVersion + (commit.empty() ? "" : " (" + commit + ")");
}

}  // namespace limbeck

#include "core/version.h"

#include <algorithm>
#include <cctype>

#include "commit.h"

namespace limbeck {

std::string built_commit() {
  return LIMBECK_COMMIT;
}

std::string version_text() {
  const std::string commit = built_commit();
  std::string left_out = LIMBECK_LEFT_OUT;
  std::transform(left_out.begin(), left_out.end(), left_out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return kVersion + (commit.empty() ? "" : " (" + commit + ")") + (left_out.empty() ? "" : ", without " + left_out);
}

}  // namespace limbeck

#include "core/version.h"

#include <algorithm>
#include <cctype>

#include "commit.h"

#define LIMBECK_TEXT_OF(macro) #macro
#define LIMBECK_TEXT(macro) LIMBECK_TEXT_OF(macro)

namespace limbeck {

std::string built_commit() {
  return LIMBECK_COMMIT;
}

const char* library_version() noexcept {
  return LIMBECK_TEXT(LIMBECK_VERSION_MAJOR) "." LIMBECK_TEXT(LIMBECK_VERSION_MINOR) "." LIMBECK_TEXT(
      LIMBECK_VERSION_PATCH);
}

std::string version_text() {
  const std::string commit = built_commit();
  std::string left_out = LIMBECK_LEFT_OUT;
  std::transform(left_out.begin(), left_out.end(), left_out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::string(library_version()) + (commit.empty() ? "" : " (" + commit + ")") +
         (left_out.empty() ? "" : ", without " + left_out);
}

}  // namespace limbeck

#include "app/engine.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/process.h"

namespace limbeck {

void start_engine(char** arguments) {
  constexpr const char* kName = "limbeck-engine";
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  settle_environment();
  for (const fs::path& engine : {folder / kName, folder.parent_path() / "libexec/limbeck" / kName}) {
    if (!fs::exists(engine)) continue;
    execv(engine.c_str(), arguments);
    throw Error(fmt::format("cannot start '{}': {}", engine.string(), std::strerror(errno)));
  }
  throw Error(fmt::format("there is no {0} in '{1}' or '{2}'; install or copy it together with this program", kName,
                          folder.string(), (folder.parent_path() / "libexec/limbeck").string()));
}

}  // namespace limbeck

#include "results/checkpoint_parts.h"

namespace limbeck {

std::vector<fs::path> checkpoint_parts(const fs::path& checkpoint) {
  const std::string begin = checkpoint.stem().string() + "-";
  std::vector<fs::path> parts;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(checkpoint.parent_path(), ignored)) {
    const fs::path& file = entry.path();
    if (file.extension() == checkpoint.extension() && file.filename().string().starts_with(begin))
      parts.push_back(file);
  }
  return parts;
}

}  // namespace limbeck

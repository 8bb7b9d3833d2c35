// In the place of sound_file.cpp, in a build without libsndfile.
#include "core/parts.h"
#include "data/recordings/sound_file.h"

namespace limbeck {

Sound read_sound(const fs::path& file) {
  throw Error(fmt::format("cannot read '{}': {}", file.string(), left_out("sound files", "LIMBECK_SOUND").what()));
}

}  // namespace limbeck

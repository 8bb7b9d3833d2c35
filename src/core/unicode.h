#pragma once
#include <string>

namespace limbeck {

/// True where the text is valid UTF-8, as all that is written into JSON must be.
bool is_unicode(const std::string& text);

}  // namespace limbeck

#pragma once
#include <string>

namespace limbeck {

/// Returns whether the text is valid UTF-8, which JSON output requires.
bool is_unicode(const std::string& text);

}  // namespace limbeck

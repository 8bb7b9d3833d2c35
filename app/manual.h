#pragma once
// The manual page limbeck(1), made of what the program says of its commands and options.
#include <string>

#include "app/command_tree.h"

namespace limbeck {

/// Returns the page as troff with man macros, in ASCII. Depends on the sources alone: its date is that of the version.
std::string manual_page(const CommandDescription& program);

}  // namespace limbeck

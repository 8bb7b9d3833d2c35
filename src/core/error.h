#pragma once
// The errors of the library, with fmt::format for their messages.
#include <fmt/core.h>

#include "limbeck/error.h"

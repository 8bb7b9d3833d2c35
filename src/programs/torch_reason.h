#pragma once
// What went wrong inside of LibTorch, as one line.
#include <exception>
#include <string>

namespace limbeck {

/// What LibTorch says, without its stack traces: of an error inside a program, the line that says what went wrong.
std::string torch_reason(const std::exception& error);

}  // namespace limbeck

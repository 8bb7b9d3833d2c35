#pragma once
namespace limbeck {

/// Replaces this process by the engine, the program with LibTorch in it, with the same arguments: limbeck-engine beside
/// this program or in ../libexec/limbeck. Throws Error where it is not there or cannot be started.
[[noreturn]] void start_engine(char** arguments);

}  // namespace limbeck

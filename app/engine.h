#pragma once
namespace limbeck {

/// Replaces this process by the engine, the program linked with LibTorch, with the same arguments: limbeck-engine
/// beside this program or in ../libexec/limbeck. Throws Error if it is missing or cannot be started.
[[noreturn]] void start_engine(char** arguments);

}  // namespace limbeck

#pragma once
#include <c10/util/Exception.h>

#include <filesystem>

#include "core/error.h"

namespace limbeck {

/// Calls `work`; turns LibTorch's exceptions and those of file systems into Error. Of LibTorch's message, the stack
/// trace is left out.
template <class Work>
auto guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const c10::Error& error) {
    throw Error(error.what_without_backtrace());
  } catch (const std::filesystem::filesystem_error& error) {
    throw Error(error.what());
  }
}

}  // namespace limbeck

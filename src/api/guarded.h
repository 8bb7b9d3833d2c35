#pragma once
#include <c10/util/Exception.h>

#include "core/error.h"

namespace limbeck {

/// Calls `work`; turns LibTorch's exceptions into Error, with their message and without their stack trace.
template <class Work>
auto guarded(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const c10::Error& error) {
    throw Error(error.what_without_backtrace());
  }
}

}  // namespace limbeck

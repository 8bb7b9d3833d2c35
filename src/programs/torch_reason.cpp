#include "programs/torch_reason.h"

#include <c10/util/Exception.h>

#include <string_view>

namespace limbeck {

std::string torch_reason(const std::exception& error) {
  const auto* own = dynamic_cast<const c10::Error*>(&error);
  std::string text = own != nullptr ? own->what_without_backtrace() : error.what();
  constexpr std::string_view kMark = "RuntimeError: ", kTrace = "The following operation failed";
  if (const size_t at = text.rfind(kMark); at != std::string::npos) {
    text = text.substr(at + kMark.size());
  } else if (text.starts_with(kTrace)) {  // an exception that the program itself raised stands in the last line
    text.erase(text.find_last_not_of(" \n") + 1);
    text = text.substr(text.rfind('\n') + 1);
  }
  text.erase(0, text.find_first_not_of(" \n"));
  return text.substr(0, text.find('\n'));
}

}  // namespace limbeck

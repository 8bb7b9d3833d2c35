#pragma once
// A whole page around its content: style, script and the policy that it may fetch nothing.
#include <string>

namespace limbeck {

/// One HTML file; `body` is markup, `title` is text.
std::string document(const std::string& title, const std::string& body);

}  // namespace limbeck

#pragma once
// Wraps content in a complete page with style, script and a content security policy that forbids all requests.
#include <string>

namespace limbeck {

/// Returns a complete HTML file; `body` is markup, `title` is plain text.
std::string document(const std::string& title, const std::string& body);

}  // namespace limbeck

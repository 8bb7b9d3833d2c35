#include "report/page/document.h"

#include <fmt/core.h>

#include "report/html.h"
#include "report/page/assets.h"
#include "report/plots/plot_style.h"

namespace limbeck {
namespace {

// The page's content security policy: everything stands in the file itself, nothing may be fetched.
// clang-format off
constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
)";
// clang-format on

}  // namespace

std::string document(const std::string& title, const std::string& body) {
  return fmt::format(
      "{}<title>{}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n{}"
      "<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n{}</script>\n</body>\n</html>\n",
      kHead, html_escape(title), plot_style(), kPageStyle, body, kPageScript);
}

}  // namespace limbeck

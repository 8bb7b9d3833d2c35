#include "report/html.h"

#include <cctype>
#include <cstdint>

#include "core/json.h"

namespace limbeck {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

std::string html_escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char byte : text) {
    switch (byte) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        if (static_cast<uint8_t>(byte) >= 0x20 || byte == '\n' || byte == '\t') escaped += byte;
    }
  }
  return escaped;
}

std::string script_json(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  replace_all(text, "<", "\\u003c");
  return text;
}

std::string typographic(std::string_view number) {
  std::string text(number);
  replace_all(text, "-", "−");
  return text;
}

std::string slug(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    if (std::isalnum(static_cast<uint8_t>(byte)) != 0 && static_cast<uint8_t>(byte) < 0x80)
      result += static_cast<char>(std::tolower(static_cast<uint8_t>(byte)));
    else if (!result.empty() && result.back() != '-')
      result += '-';
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result.empty() ? "unnamed" : result;
}

}  // namespace limbeck

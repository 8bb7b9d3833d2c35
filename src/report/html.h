#pragma once
// Small pieces of HTML. Names come from users: every text goes through html_escape on its way into a page.
#include <string>
#include <string_view>

#include "core/json.h"

namespace limbeck {

/// Safe in text and in quoted attributes: & < > " ' become entities, control characters other than line breaks and
/// tabs are dropped.
std::string html_escape(std::string_view text);

/// JSON that may stand inside of <script>: no "</script>" or "<!--" can occur in it.
std::string script_json(const Json& value);

/// A number's text with the minus sign of typography: "-3" → "−3".
std::string typographic(std::string_view number);

/// A name for files and for links to a place in the page: "Errors by T (300 units)" → "errors-by-t-300-units".
/// "unnamed" when nothing of the text can stay.
std::string slug(std::string_view text);

}  // namespace limbeck

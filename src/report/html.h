#pragma once
// HTML helpers. Names are user input: all text must pass through html_escape on its way into a page.
#include <string>
#include <string_view>

#include "core/json.h"

namespace limbeck {

/// Escapes text for use in elements and quoted attributes: & < > " ' become entities; control characters other than
/// line breaks and tabs are removed.
std::string html_escape(std::string_view text);

/// Serializes JSON for use inside <script>: the output contains neither "</script>" nor "<!--".
std::string script_json(const Json& value);

/// Replaces the hyphen of a negative number by a minus sign: "-3" → "−3".
std::string typographic(std::string_view number);

/// Returns a name for files and anchors: "Errors by T (300 units)" → "errors-by-t-300-units"; "unnamed" if no character
/// of the text can be kept.
std::string slug(std::string_view text);

}  // namespace limbeck

#pragma once
// What a run's page carries besides its content: style and script, as text to be written into the page. Everything can
// be read without the script: it adds values under the pointer and the temperature of the soft targets.

namespace limbeck {

extern const char* const kPageStyle;   // web/src/report.css
extern const char* const kPageScript;  // web/src/report.js

}  // namespace limbeck

#pragma once
// The style sheet and script that are embedded in a run's page. The page is readable without the script, which adds
// tooltips with values and the temperature slider of the soft targets.

namespace limbeck {

extern const char* const kPageStyle;   // web/src/report.css
extern const char* const kPageScript;  // web/src/report.js

}  // namespace limbeck

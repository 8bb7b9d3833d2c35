#pragma once
// What a run's page carries besides its content: style and script, as text to be written into the page.

namespace limbeck {

extern const char* const kPageStyle;   // page/style.cpp
extern const char* const kPageScript;  // page/script.cpp

}  // namespace limbeck

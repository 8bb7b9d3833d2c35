#pragma once
// The field's words in a sentence each, where a page uses them.
#include <string>
#include <vector>

namespace limbeck {

/// What the word of that key (a metric's, or "temperature") means; empty for words that need no sentence.
std::string term_text(const std::string& key);

/// The name as a heading that says under the pointer what it means.
std::string explain(const std::string& key, const std::string& name);

/// The words with their sentences, to be read where there is no pointer; those without a sentence are left out.
std::string term_list(const std::vector<std::pair<std::string, std::string>>& keys_and_names);

}  // namespace limbeck

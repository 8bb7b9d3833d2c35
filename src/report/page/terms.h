#pragma once
// One-sentence definitions of technical terms that a page uses.
#include <string>
#include <vector>

namespace limbeck {

/// Returns the definition of a metric or of "temperature"; empty if the key has none.
std::string term_text(const std::string& key);

/// Returns the name as HTML with its definition as a tooltip.
std::string explain(const std::string& key, const std::string& name);

/// Returns the terms with their definitions as a list, for devices without tooltips. Terms without a definition are
/// omitted.
std::string term_list(const std::vector<std::pair<std::string, std::string>>& keys_and_names);

}  // namespace limbeck

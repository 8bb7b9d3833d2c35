#pragma once
// JSON with keys in the order in which they were written.
#include <nlohmann/json.hpp>

#include <string>

#include "core/files.h"
#include "core/json_fwd.h"

namespace limbeck {

/// Throws Error that names `name` where the text is not valid JSON.
Json parse_json(const std::string& text, const std::string& name);
/// Reads a JSON file.
Json read_json(const fs::path& path);

}  // namespace limbeck

#include "core/unicode.h"

#include "core/json.h"

namespace limbeck {

bool is_unicode(const std::string& text) {
  try {
    Json(text).dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

}  // namespace limbeck

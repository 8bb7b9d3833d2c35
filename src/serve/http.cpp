#include "serve/http.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "core/hash.h"
#include "core/json.h"

namespace limbeck {
namespace {

/// Names in a run's files may be no UTF-8; what cannot be shown is replaced.
std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// "gzip;q=0.5" without blanks and capitals.
std::string compact(std::string_view text) {
  std::string kept;
  for (const char c : text)
    if (c != ' ' && c != '\t') kept += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return kept;
}

/// Whether the weight is 0, 0.0, …: what has it is not acceptable.
bool is_refused(std::string_view parameters) {
  const size_t weight = parameters.find(";q=0");
  return weight != std::string_view::npos && parameters.find_first_of("123456789", weight) == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(const std::string& header) {
  const std::string all = compact(header);
  std::optional<bool> named, any;
  for (size_t start = 0; start <= all.size();) {
    const size_t end = std::min(all.find(',', start), all.size());
    const std::string_view entry = std::string_view(all).substr(start, end - start);
    const std::string_view coding = entry.substr(0, entry.find(';'));
    const bool wanted = !is_refused(entry.substr(coding.size()));
    if (coding == "gzip" || coding == "x-gzip") named = wanted;
    if (coding == "*") any = wanted;
    start = end + 1;
  }
  return named.value_or(any.value_or(false));
}

HttpAnswer text_answer(std::string text, std::string type) {
  HttpAnswer answer;
  answer.type = std::move(type);
  answer.owned = std::make_shared<const std::string>(std::move(text));
  answer.body = *answer.owned;
  return answer;
}

HttpAnswer json_answer(const Json& json) {
  HttpAnswer answer = text_answer(dumped(json), "application/json");
  answer.tag = Hasher().add(answer.body).fingerprint();
  return answer;
}

HttpAnswer error_answer(int status, const std::string& message) {
  HttpAnswer answer = text_answer(dumped({{"error", message}}), "application/json");
  answer.status = status;
  return answer;
}

}  // namespace limbeck

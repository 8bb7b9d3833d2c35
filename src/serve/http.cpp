#include "serve/http.h"

#include "core/hash.h"
#include "core/json.h"

namespace limbeck {
namespace {

/// Names in a run's files may be no UTF-8; what cannot be shown is replaced.
std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

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

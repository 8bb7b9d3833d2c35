#pragma once
// HTTP requests and answers, as seen by the pages and the API: independent of sockets.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace limbeck {

struct HttpRequest {
  std::string method;  ///< "GET" (also for HEAD), "POST", …
  std::string path;    ///< percent-decoded, without the query
  std::multimap<std::string, std::string> query = {};
  std::string content_type = {};  ///< without parameters, in lower case
  std::string body = {};
  bool accepts_gzip = false;  ///< whether the answer may be compressed
};

/// Returns whether an Accept-Encoding header allows gzip: it lists gzip or "*" with a weight above 0 (RFC 9110,
/// 12.5.3).
bool accepts_gzip(const std::string& header);

struct HttpAnswer {
  int status = 200;
  std::string type;                          ///< media type
  std::shared_ptr<const std::string> owned;  ///< owner of the body's memory; may be empty
  std::string_view body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string tag = {};  ///< ETag: equal for equal bodies; empty: none
};

/// Thrown for requests that cannot be answered, with a status: 400 malformed, 404 not found, …
class HttpError : public Error {
 public:
  HttpError(int status, const std::string& message) : Error(message), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

HttpAnswer text_answer(std::string text, std::string type);
/// Returns an answer with an ETag computed from the content.
HttpAnswer json_answer(const Json& json);
/// {"error": message}
HttpAnswer error_answer(int status, const std::string& message);

}  // namespace limbeck

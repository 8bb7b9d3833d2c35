#pragma once
// A request and its answer, as far as the pages and the API care: what is asked for and what comes back, without
// sockets.
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
  bool accepts_gzip = false;  ///< of the answer
};

/// Whether a client that sends this Accept-Encoding wants gzip: it names it, or "*", with a weight above 0 (RFC
/// 9110, 12.5.3).
bool accepts_gzip(const std::string& header);

struct HttpAnswer {
  int status = 200;
  std::string type;                          ///< media type
  std::shared_ptr<const std::string> owned;  ///< the body, or what keeps it; may be empty
  std::string_view body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string tag = {};  ///< equal for equal bodies; empty: not worth keeping
};

/// A request that cannot be answered as it is, with the status that says why: 400 malformed, 404 not there, …
class HttpError : public Error {
 public:
  HttpError(int status, const std::string& message) : Error(message), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

HttpAnswer text_answer(std::string text, std::string type);
/// With a tag made of the content.
HttpAnswer json_answer(const Json& json);
/// {"error": message}
HttpAnswer error_answer(int status, const std::string& message);

}  // namespace limbeck

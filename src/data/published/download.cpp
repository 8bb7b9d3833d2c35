#include "data/published/download.h"

#include <curl/curl.h>
#include <fmt/core.h>

#include <memory>

namespace limbeck {
namespace {

constexpr long kConnectSeconds = 5;
constexpr long kStallSeconds = 30;

struct Body {
  std::string content;
  size_t limit;
};

size_t append_body(char* bytes, size_t size, size_t count, void* to) {
  auto* body = static_cast<Body*>(to);
  if (body->content.size() + size * count > body->limit) return 0;
  body->content.append(bytes, size * count);
  return size * count;
}

}  // namespace

std::optional<std::string> download(const std::string& address, size_t limit, std::string& problem) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) {
    problem = "libcurl cannot be initialized";
    return std::nullopt;
  }
  Body body{.content = {}, .limit = limit};
  curl_easy_setopt(curl.get(), CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1000L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return std::move(body.content);
  problem = fmt::format("{}: {}", address, curl_easy_strerror(code));
  return std::nullopt;
}

}  // namespace limbeck

#include "data/published_files.h"

#include <curl/curl.h>

#include <memory>

#include "core/error.h"
#include "core/hash.h"
#include "core/nearest.h"
#include "data/gzip.h"

namespace limbeck {
namespace {

constexpr size_t kLargestContent = size_t{1} << 31;
constexpr long kConnectSeconds = 5;
constexpr long kStallSeconds = 30;

size_t append_body(char* bytes, size_t size, size_t count, void* body) {
  auto* content = static_cast<std::string*>(body);
  if (content->size() + size * count > kLargestContent) return 0;
  content->append(bytes, size * count);
  return size * count;
}

/// The body, or the reason why there is none in `problem`.
std::optional<std::string> download(const std::string& address, std::string& problem) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) {
    problem = "libcurl cannot be initialised";
    return std::nullopt;
  }
  std::string body;
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
  if (code == CURLE_OK) return body;
  problem = fmt::format("{}: {}", address, curl_easy_strerror(code));
  return std::nullopt;
}

bool is_intact(const fs::path& path, const PublishedFile& file) {
  const std::string content = read_maybe_gzip(path, kLargestContent);
  return Hasher().add(content).fingerprint() == file.checksum;
}

std::string what_to_put_where(const PublishedData& data, const DataFolders& folders) {
  std::string text = fmt::format("put these files into '{}' (or into a folder given with --data or LIMBECK_DATA):",
                                 folders.home().string());
  for (const PublishedFile& file : data.files) text += "\n  " + file.name;
  return text;
}

void fetch_file(const PublishedData& data, const PublishedFile& file, const DataFolders& folders) {
  const fs::path target = folders.home() / file.name;
  std::string problems;
  for (const std::string& mirror : data.mirrors) {
    std::string problem;
    const auto body = download(mirror + target.filename().string(), problem);
    if (body) {
      const fs::path beside = target.string() + ".download";
      write_file(beside, *body);
      bool intact = false;
      try {
        intact = is_intact(beside, file);
      } catch (const Error& error) {
        problem = error.what();
      }
      if (intact) {
        fs::rename(beside, target);
        return;
      }
      fs::remove(beside);
      if (problem.empty()) problem = fmt::format("{}: the checksum does not match", mirror);
    }
    problems += "\n  " + problem;
  }
  throw Error(fmt::format("cannot download '{}':{}\n{}", file.name, problems, what_to_put_where(data, folders)));
}

}  // namespace

const std::vector<PublishedData>& published_data() {
  static const std::vector<PublishedData> kData = {
      {.name = "mnist",
       .mirrors = {"https://storage.googleapis.com/cvdf-datasets/mnist/",
                   "https://ossci-datasets.s3.amazonaws.com/mnist/"},
       .files = {{"mnist/train-images-idx3-ubyte.gz", "5e7c66c153ab8516e8341d3fb02afde9"},
                 {"mnist/train-labels-idx1-ubyte.gz", "f7f42760c6d4ce4d71559214139387c9"},
                 {"mnist/t10k-images-idx3-ubyte.gz", "73584a3c3c7786c8706d0f1d16a2bc32"},
                 {"mnist/t10k-labels-idx1-ubyte.gz", "2a1e87498766c68fe7d34a1098de660a"}}},
  };
  return kData;
}

const PublishedData& published_data(const std::string& name) {
  std::vector<std::string> names;
  for (const PublishedData& data : published_data()) {
    if (data.name == name) return data;
    names.push_back(data.name);
  }
  throw Error(ErrorKind::usage, fmt::format("no data set '{}' can be fetched{}", name, suggestion(name, names)));
}

void fetch(const PublishedData& data, const DataFolders& folders, const Observer& observer) {
  for (const PublishedFile& file : data.files) {
    const auto found = folders.find({file.name});
    if (found && is_intact(*found, file)) {
      observer(Notice{fmt::format("{} is there, and intact", found->string())});
    } else if (found) {
      throw Error(fmt::format("'{}' is not the published file: its checksum does not match; remove it to fetch it again",
                              found->string()));
    } else {
      fetch_file(data, file, folders);
      observer(Notice{fmt::format("{} downloaded", (folders.home() / file.name).string())});
    }
  }
}

}  // namespace limbeck

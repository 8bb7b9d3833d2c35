#include "data/published/published_files.h"

#include "core/error.h"
#include "core/hash.h"
#include "core/nearest.h"
#include "data/published/archive.h"
#include "data/published/download.h"
#include "data/published/gzip.h"

namespace limbeck {
namespace {

constexpr size_t kLargestContent = size_t{1} << 31;     // of an archive
constexpr size_t kLargestUnpacked = size_t{256} << 20;  // unpacked; the largest that is published has 153 MB

bool is_intact_content(std::string_view content, const PublishedFile& file) {
  if (file.name.ends_with(".txt")) content = content.substr(0, content.find_last_not_of(" \r\n") + 1);
  return Hasher().add(content).fingerprint() == file.checksum;
}

bool is_intact(const fs::path& path, const PublishedFile& file) {
  const std::string content = UnpackedFile(path).read(kLargestUnpacked + 1);
  return content.size() <= kLargestUnpacked && is_intact_content(content, file);
}

std::string what_to_put_where(const PublishedData& data, const DataFolders& folders) {
  std::string text = fmt::format("put these files into '{}' (or into a folder given with --data or LIMBECK_DATA):",
                                 folders.home().string());
  for (const PublishedFile& file : data.files) text += "\n  " + file.name;
  if (!data.archive.empty())
    text += fmt::format("\nor the archive that holds them, from {}{}", data.mirrors.front(), data.archive);
  return text;
}

void fetch_file(const PublishedData& data, const PublishedFile& file, const DataFolders& folders) {
  const fs::path target = folders.home() / file.name;
  std::string problems;
  for (const std::string& mirror : data.mirrors) {
    std::string problem;
    const auto body = download(mirror + target.filename().string(), kLargestContent, problem);
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

/// Writes those of the files that are missing, once all of them are known to be intact.
void unpack(const fs::path& archive, const std::vector<PublishedFile>& missing, const DataFolders& folders) {
  std::vector<std::string> names;
  for (const PublishedFile& file : missing) names.push_back(file.name);
  const auto contents = read_archive(archive, names, kLargestContent);
  for (const PublishedFile& file : missing)
    if (!is_intact_content(contents.at(file.name), file))
      throw Error(fmt::format("'{}' in '{}' is not the published file: its checksum does not match", file.name,
                              archive.string()));
  for (const PublishedFile& file : missing) write_file(folders.home() / file.name, contents.at(file.name));
}

void fetch_archive(const PublishedData& data, const std::vector<PublishedFile>& missing, const DataFolders& folders) {
  if (const auto there = folders.find({data.archive})) return unpack(*there, missing, folders);
  const fs::path beside = folders.home() / (data.archive + ".download");
  std::string problems;
  for (const std::string& mirror : data.mirrors) {
    std::string problem;
    if (const auto body = download(mirror + data.archive, kLargestContent, problem)) {
      try {
        write_file(beside, *body);
        unpack(beside, missing, folders);
      } catch (const Error& error) {
        problem = error.what();
      }
      fs::remove(beside);
    }
    if (problem.empty()) return;
    problems += "\n  " + problem;
  }
  throw Error(fmt::format("cannot download '{}':{}\n{}", data.archive, problems, what_to_put_where(data, folders)));
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
      {.name = "cifar10",
       .mirrors = {"https://www.cs.toronto.edu/~kriz/"},
       .files = {{"cifar-10-batches-bin/data_batch_1.bin", "b02e9d210abf688760f5ff0a1b4d8ae2"},
                 {"cifar-10-batches-bin/data_batch_2.bin", "7cdddd97fd6d50959ff9d284433f9ff0"},
                 {"cifar-10-batches-bin/data_batch_3.bin", "d8a592a5037521a9b7f61a67a7cc70f9"},
                 {"cifar-10-batches-bin/data_batch_4.bin", "e2c70de3c4018788306b3b686098b049"},
                 {"cifar-10-batches-bin/data_batch_5.bin", "e1641acdfbff64283ed9ff41060ef667"},
                 {"cifar-10-batches-bin/test_batch.bin", "21be87601469d083259122398cb5bb59"},
                 {"cifar-10-batches-bin/batches.meta.txt", "22541b3aef0ea0e8d7ccb83981c5f893"}},
       .archive = "cifar-10-binary.tar.gz"},
      {.name = "cifar100",
       .mirrors = {"https://www.cs.toronto.edu/~kriz/"},
       .files = {{"cifar-100-binary/train.bin", "aa6e560d5913037d19784554d39312e2"},
                 {"cifar-100-binary/test.bin", "212781e4498bacaeb6fa75c7afbb2739"},
                 {"cifar-100-binary/fine_label_names.txt", "aa853b68a469a6fc76884951ce204b8e"},
                 {"cifar-100-binary/coarse_label_names.txt", "911aba7c9789ffb920301afc53ca6ae0"}},
       .archive = "cifar-100-binary.tar.gz"},
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
  std::vector<PublishedFile> missing;
  for (const PublishedFile& file : data.files) {
    const auto found = folders.find({file.name});
    if (!found)
      missing.push_back(file);
    else if (is_intact(*found, file))
      observer(Notice{fmt::format("{} is there, and intact", found->string())});
    else
      throw Error(fmt::format(
          "'{}' is not the published file: its checksum does not match; remove it to fetch it again", found->string()));
  }
  if (!data.archive.empty() && !missing.empty()) fetch_archive(data, missing, folders);
  for (const PublishedFile& file : missing) {
    if (data.archive.empty()) fetch_file(data, file, folders);
    observer(Notice{fmt::format("{} downloaded", (folders.home() / file.name).string())});
  }
}

}  // namespace limbeck

#include "data/images/image_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/hash.h"
#include "core/nearest.h"
#include "core/unicode.h"
#include "data/images/image_reader.h"

namespace limbeck {
namespace {

constexpr const char* kUnlabelled = "unlabelled";

/// Names of the folders in a folder, sorted; hidden ones are none.
std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error, ignored;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (const std::string name = at->path().filename().string(); at->is_directory(ignored) && !name.starts_with('.'))
      names.push_back(name);
  if (error) throw Error(fmt::format("cannot read the folder '{}': {}", folder.string(), error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

/// Picture files that lie in the folder itself.
int64_t loose_pictures(const fs::path& folder) {
  std::error_code ignored;
  return std::count_if(
      fs::directory_iterator(folder, ignored), fs::directory_iterator(),
      [&](const fs::directory_entry& entry) { return !entry.is_directory(ignored) && is_image_name(entry.path()); });
}

/// Pictures of formats that are not read go to `others`.
void add_pictures(const fs::path& root, const fs::path& folder, int64_t label, std::vector<ListedImage>& pictures,
                  std::vector<fs::path>& others) {
  for (const fs::path& file : image_files(folder, &others))
    pictures.push_back({file.lexically_relative(root).generic_string(), label});
}

/// Names go into JSON files, which are UTF-8.
void check_name(const fs::path& folder, const std::string& name) {
  if (!is_unicode(name))
    throw Error(fmt::format("the class folder '{}' has a name that is not UTF-8", (folder / name).string()));
}

/// The classes of a split's folder, of which `unlabelled` is none.
std::vector<std::string> classes_in(const fs::path& folder) {
  std::vector<std::string> names = folders_in(folder);
  names.erase(std::remove(names.begin(), names.end(), kUnlabelled), names.end());
  if (names.empty())
    throw Error(fmt::format("no class folders in '{}'{}; expected CLASS/*.jpg or *.png", folder.string(),
                            loose_pictures(folder) > 0 ? ", only pictures" : ""));
  for (const std::string& name : names) check_name(folder, name);
  return names;
}

std::vector<ListedImage> split_in(const ImageFolder& listed, const fs::path& folder, std::vector<fs::path>& others) {
  std::vector<ListedImage> pictures;
  for (const std::string& name : classes_in(folder)) {
    const auto found = std::find(listed.classes.begin(), listed.classes.end(), name);
    if (found == listed.classes.end())
      throw Error(fmt::format("'{}' is a class of test pictures, but not of training{}", (folder / name).string(),
                              suggestion(name, listed.classes)));
    add_pictures(listed.root, folder / name, found - listed.classes.begin(), pictures, others);
  }
  return pictures;
}

/// Moves the part of each class with the lowest hashes of their paths from training to test.
void hold_out(ImageFolder& listed, double part) {
  std::vector<ListedImage> all = std::move(listed.train);
  listed.train.clear();
  for (auto begin = all.begin(); begin != all.end();) {
    const auto end =
        std::find_if(begin, all.end(), [&](const ListedImage& picture) { return picture.label != begin->label; });
    std::vector<std::pair<std::string, const ListedImage*>> by_hash;
    for (auto at = begin; at != end; ++at) by_hash.emplace_back(Hasher().add(at->path).fingerprint(), &*at);
    std::sort(by_hash.begin(), by_hash.end());
    const auto size = static_cast<int64_t>(by_hash.size());
    const int64_t wanted = std::max<int64_t>(std::llround(part * static_cast<double>(size)), 1);
    const int64_t held_out = std::min(wanted, size - 1);
    for (int64_t i = 0; i < size; ++i)
      (i < held_out ? listed.test : listed.train).push_back(*by_hash[static_cast<size_t>(i)].second);
    begin = end;
  }
  for (std::vector<ListedImage>* split : {&listed.train, &listed.test})
    std::sort(split->begin(), split->end(),
              [](const auto& a, const auto& b) { return std::tie(a.label, a.path) < std::tie(b.label, b.path); });
}

/// A class that is called as the training split is, in capitals: "Train"; nullptr where there is none.
const std::string* split_among(const std::vector<std::string>& classes) {
  const auto found = std::find_if(classes.begin(), classes.end(), [](std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return name == "train" || name == "training";
  });
  return found == classes.end() ? nullptr : &*found;
}

/// The folder of the test split, the best-named one; empty where there is none.
fs::path test_folder(ImageFolder& listed) {
  fs::path chosen;
  for (const char* name : {"test", "val", "valid", "validation"}) {
    if (!is_folder(listed.root / name)) continue;
    if (chosen.empty())
      chosen = listed.root / name;
    else
      listed.notices.push_back(
          fmt::format("'{}' is not read: '{}' is the test split", (listed.root / name).string(), chosen.string()));
  }
  return chosen;
}

}  // namespace

std::string ImageFolder::fingerprint() const {
  Hasher hasher;
  for (const std::vector<ListedImage>* split : {&train, &test})
    for (const ListedImage& picture : *split) {
      struct stat status {};
      if (::stat((root / picture.path).c_str(), &status) != 0) status = {};
      hasher.add(picture.path).add(&picture.label, sizeof picture.label).add(&status.st_size, sizeof status.st_size);
      hasher.add(&status.st_mtim, sizeof status.st_mtim);
    }
  return hasher.fingerprint();
}

ImageFolder list_images(const fs::path& root, double holdout) {
  ImageFolder listed{.root = root};
  const bool has_splits = is_folder(root / "train");
  const fs::path training = has_splits ? root / "train" : root, testing = test_folder(listed);
  if (!has_splits && !testing.empty())
    throw Error(fmt::format("'{}' exists, but '{}' does not", testing.string(), (root / "train").string()));
  listed.classes = classes_in(training);
  if (const std::string* split = has_splits ? nullptr : split_among(listed.classes); split != nullptr)
    throw Error(fmt::format(
        "'{}' looks like the training split and not like a class; expected it as 'train', and the test split as 'test'",
        (root / *split).string()));
  if (listed.classes.size() == 1)
    throw Error(fmt::format("'{}' is the only class folder in '{}'; expected at least two", listed.classes[0],
                            training.string()));
  std::vector<fs::path> others;
  listed.train = split_in(listed, training, others);
  if (const int64_t loose = loose_pictures(training); loose > 0)
    listed.notices.push_back(
        fmt::format("{} pictures that lie in '{}' itself, in no class folder, are not read", loose, training.string()));
  if (testing.empty())
    hold_out(listed, holdout);
  else
    listed.test = split_in(listed, testing, others);
  if (listed.test.empty())
    throw Error(
        fmt::format("no class in '{}' has two pictures: nothing can be held out for a test split", training.string()));
  for (const fs::path& folder : std::set<fs::path>{root / kUnlabelled, training / kUnlabelled})
    if (is_folder(folder)) add_pictures(root, folder, -1, listed.train, others);
  if (!others.empty())
    listed.notices.push_back(fmt::format(
        "{} of formats that are not read, such as '{}', are left out: convert them to JPEG or PNG",
        others.size() == 1 ? "1 picture" : fmt::format("{} pictures", others.size()), others.front().string()));
  return listed;
}

bool holds_pictures(const fs::path& folder) {
  std::error_code error;
  const auto options = fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder, options, error), end; !error && at != end; at.increment(error))
    if (is_image_name(at->path()) && !is_folder(at->path())) return true;
  return false;
}

}  // namespace limbeck

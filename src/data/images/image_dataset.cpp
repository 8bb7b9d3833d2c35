#include "data/images/image_dataset.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "data/images/image_folder.h"

namespace limbeck {
namespace {

/// Where a folder of that name may be: below a data folder, then in the current one. "." is the data folder itself.
std::vector<fs::path> candidates(const std::string& folder, const DataFolders& folders) {
  if (fs::path(folder).is_absolute()) return {folder};
  std::vector<fs::path> places;
  for (const fs::path& data : folders.all()) places.push_back(folder == "." ? data : data / folder);
  if (folder != ".") places.emplace_back(folder);
  return places;
}

/// The first of the candidates that holds a picture.
fs::path find_root(const std::string& folder, const DataFolders& folders) {
  std::string looked, existing;
  for (const fs::path& place : candidates(folder, folders)) {
    if (is_folder(place) && holds_pictures(place)) return place;
    std::string& list = is_folder(place) ? existing : looked;
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", place.string());
  }
  if (!existing.empty())
    throw Error(fmt::format("no pictures (.jpg, .jpeg, .png) in {} or in folders below", existing));
  throw Error(fmt::format("no folder '{}' of pictures: looked for {}; name it in the recipe, or its parent with --data",
                          folder, looked));
}

ImageRequest request_for(const ImageFolder& listed, const ImageFolderOptions& options, const DataFolders& folders) {
  ImageRequest request{.options = {.size = {options.size.front(), options.size.back()},
                                   .resize = options.resize,
                                   .channels = options.channels,
                                   .jpeg = options.jpeg},
                       .unreadable = options.corrupt,
                       .progress = folders.progress,
                       .stop = folders.stop};
  for (const std::vector<ListedImage>* split : {&listed.train, &listed.test})
    for (const ListedImage& picture : *split) request.files.push_back(listed.root / picture.path);
  return request;
}

/// The labels of the pictures of a split that were read; `place` is that of its first among all files.
at::Tensor labels_of(const std::vector<ListedImage>& split, size_t place,
                     const std::vector<UnreadableImage>& unreadable) {
  std::vector<int64_t> labels;
  auto skipped = unreadable.begin();
  for (const ListedImage& picture : split) {
    while (skipped != unreadable.end() && skipped->place < place) ++skipped;
    if (skipped == unreadable.end() || skipped->place != place) labels.push_back(picture.label);
    ++place;
  }
  return at::tensor(labels, at::kLong);
}

/// What should be known before pictures are decoded that become much larger than their files; empty where they do not.
std::string told_growth(const ImageRequest& request) {
  constexpr int64_t kMuch = 4;  // times the pixels
  const ImageSize target = request.options.size;
  const std::optional<ImageSize> usual = usual_size(request.files);
  if (!usual || target.height * target.width < kMuch * usual->height * usual->width) return "";
  const int64_t side = std::min(usual->height, usual->width);
  return fmt::format(
      "The pictures are about {}x{} pixels and are brought to {}x{}, which takes {} times the memory and the work; "
      "--size {} (in a recipe `size: {}` of `images`) keeps them as they are",
      usual->height, usual->width, target.height, target.width,
      target.height * target.width / (usual->height * usual->width), side, side);
}

void check_complete(const Dataset& dataset, const fs::path& root) {
  for (size_t label = 0; label < dataset.classes.size(); ++label)
    if (!dataset.train.labels.eq(static_cast<int64_t>(label)).any().item<bool>())
      throw Error(fmt::format("no training picture of the class '{}' in '{}' can be read", dataset.classes[label],
                              root.string()));
  if (dataset.test.size() == 0) throw Error(fmt::format("no test picture in '{}' can be read", root.string()));
}

}  // namespace

void ImageFolderOptions::bind(Fields& fields) {
  fields.text(
      "folder", folder,
      "folder with train/CLASS/* and test/CLASS/*, or CLASS/*; absolute, or below a data folder or the current one; "
      "'.' is the data folder itself");
  fields.integers("size", size, between(1, 4096), {.least = 1, .most = 2},
                  "side of the pictures, or height and width, pixels");
  fields.choice("resize", resize, {{"crop", ResizeMode::crop}, {"stretch", ResizeMode::stretch}},
                "scale the shorter side and cut out the middle, or scale both sides");
  fields.integer("channels", channels, between(1, 3), "3: colour, 1: grey");
  fields.require(channels != 2, "channels is 2; expected 1 or 3");
  fields.choice(
      "jpeg", jpeg, {{"full", JpegDetail::full}, {"reduced", JpegDetail::reduced}},
      "decode in full, or at a fraction of the size if twice the target is left: faster, differs by a few grey levels");
  fields.choice("corrupt", corrupt, {{"fail", UnreadableImages::fail}, {"skip", UnreadableImages::skip}},
                "what to do about pictures that cannot be read");
  fields.number("holdout", holdout, {.low = 0, .high = 1, .low_open = true, .high_open = true},
                "part of each class that becomes the test split if the folder has none");
  fields.text("store", store, "file to keep the decoded pictures in, mapped instead of held in memory; empty: memory");
}

ImageFolder list_pictures(const ImageFolderOptions& options, const DataFolders& folders) {
  return list_images(find_root(options.folder, folders), options.holdout);
}

LoadedImages load_images(const ImageFolderOptions& options, const DataFolders& folders) {
  const ImageFolder listed = list_pictures(options, folders);
  const ImageRequest request = request_for(listed, options, folders);
  if (const std::string growth = told_growth(request); !growth.empty() && folders.tell) folders.tell(growth);
  DecodedImages decoded =
      options.store.empty() ? decode_images(request) : decode_images(request, options.store, listed.fingerprint());

  auto dataset = std::make_unique<Dataset>();
  dataset->name = "images";
  dataset->classes = listed.classes;
  dataset->train.labels = labels_of(listed.train, 0, decoded.unreadable);
  dataset->test.labels = labels_of(listed.test, listed.train.size(), decoded.unreadable);
  dataset->train.inputs = decoded.pixels.narrow(0, 0, dataset->train.size());
  dataset->test.inputs = decoded.pixels.narrow(0, dataset->train.size(), dataset->test.size());
  dataset->train.mapped = dataset->test.mapped = !options.store.empty();
  check_complete(*dataset, listed.root);
  if (options.channels == 3) {  // ImageNet's
    dataset->mean = {0.485, 0.456, 0.406};
    dataset->deviation = {0.229, 0.224, 0.225};
  }
  dataset->notices = listed.notices;
  if (!decoded.unreadable.empty())
    dataset->notices.push_back("Left out: " + describe(decoded.unreadable, request.files.size()));
  return {std::move(dataset), listed.root, std::move(decoded.unreadable), decoded.reused};
}

}  // namespace limbeck

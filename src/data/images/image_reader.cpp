#include "data/images/image_reader.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr int64_t kRowsAtOnce = 16;
constexpr int64_t kLargestPicture = int64_t{1} << 30;  // bytes
constexpr size_t kMostNamed = 20;
constexpr int kDeepestFolder = 32;  // links may lead in a circle

/// The whole file, into memory that is kept from one file to the next.
void read_content(const fs::path& path, std::vector<char>& content) {
  const auto fail = [&](int reason) {
    throw Error(fmt::format("cannot read '{}': {}", path.string(), std::strerror(reason)));
  };
  const int descriptor =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe would wait for who writes to it
  if (descriptor < 0) fail(errno);
  struct stat status {};
  int reason = ::fstat(descriptor, &status) != 0  ? errno
               : S_ISDIR(status.st_mode)          ? EISDIR
               : !S_ISREG(status.st_mode)         ? ENOTSUP
               : status.st_size > kLargestPicture ? EFBIG
                                                  : 0;
  content.resize(reason == 0 ? static_cast<size_t>(status.st_size) : 0);
  size_t done = 0;
  while (reason == 0 && done < content.size()) {
    const ssize_t got = ::read(descriptor, content.data() + done, content.size() - done);
    if (got == 0) break;
    if (got > 0)
      done += static_cast<size_t>(got);
    else if (errno != EINTR)
      reason = errno;
  }
  ::close(descriptor);
  if (reason != 0) fail(reason);
  content.resize(done);
}

/// The largest of 1, 2, 4 and 8 that leaves at least twice the size that is wanted.
int64_t reduction_of(ImageSize picture, const ImageOptions& options) {
  const ImageSize scaled = place(picture, options.size, options.resize).scaled;
  int64_t reduction = options.jpeg == JpegDetail::full ? 1 : 8;
  while (reduction > 1 &&
         (picture.width < 2 * reduction * scaled.width || picture.height < 2 * reduction * scaled.height))
    reduction /= 2;
  return reduction;
}

/// What the threads of one call share: they take the next file that nobody has taken.
class ReadingJob {
 public:
  ReadingJob(const std::vector<fs::path>& files, const ImageOptions& options, uint8_t* pixels,
             const ImageProgress& progress, std::stop_token stop)
      : files_(files), options_(options), pixels_(pixels), progress_(progress), stop_(std::move(stop)) {}

  void work() noexcept {
    try {
      ImageReader reader(options_);
      for (size_t i = next_++; i < files_.size() && !stop_.stop_requested() && !failed_; i = next_++) read(reader, i);
    } catch (...) {  // no memory
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      failed_ = true;
    }
  }

  std::vector<UnreadableImage> result() {
    if (failure_) std::rethrow_exception(failure_);
    if (stop_.stop_requested())
      throw Error(ErrorKind::interrupted, fmt::format("stopped after {} of {} pictures", done_, files_.size()));
    std::sort(unreadable_.begin(), unreadable_.end(), [](const auto& a, const auto& b) { return a.place < b.place; });
    return std::move(unreadable_);
  }

 private:
  void read(ImageReader& reader, size_t place) {
    std::string problem;
    try {
      reader.read(files_[place], pixels_ + place * options_.bytes());
    } catch (const Error& error) {
      problem = error.what();
    }
    const std::lock_guard lock(mutex_);
    if (!problem.empty()) unreadable_.push_back({place, std::move(problem)});
    ++done_;
    if (progress_) progress_(done_, static_cast<int64_t>(files_.size()));
  }

  const std::vector<fs::path>& files_;
  const ImageOptions& options_;
  uint8_t* pixels_;
  const ImageProgress& progress_;
  std::stop_token stop_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;  // guards what follows
  std::vector<UnreadableImage> unreadable_;
  int64_t done_ = 0;
  std::exception_ptr failure_;
};

std::string lower_extension(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool is_other_format(const fs::path& file) {
  static const std::set<std::string> kExtensions = {".avif", ".bmp", ".gif", ".heic", ".jp2",
                                                    ".pgm",  ".ppm", ".tif", ".tiff", ".webp"};
  return kExtensions.contains(lower_extension(file));
}

void collect(const fs::path& folder, int depth, std::vector<fs::path>& files, std::vector<fs::path>& other_formats) {
  if (depth > kDeepestFolder)
    throw Error(fmt::format("'{}' lies {} folders deep; do links lead in a circle?", folder.string(), depth));
  std::error_code error, ignored;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with('.')) continue;
    if (at->is_directory(ignored))
      collect(at->path(), depth + 1, files, other_formats);
    else if (is_image_name(at->path()))
      files.push_back(at->path());
    else if (is_other_format(at->path()))
      other_formats.push_back(at->path());
  }
  if (error) throw Error(fmt::format("cannot read the folder '{}': {}", folder.string(), error.message()));
}

}  // namespace

ImageReader::ImageReader(const ImageOptions& options)
    : options_(options),
      jpeg_(jpeg_decoder()),
      png_(png_decoder()),
      resizer_(options.size, options.resize, options.channels) {}

void ImageReader::read(const fs::path& file, uint8_t* pixels) {
  read_content(file, content_);
  try {
    decode({content_.data(), content_.size()}, pixels);
  } catch (const Error& error) {
    throw Error(fmt::format("'{}' {}", file.string(), error.what()));
  }
}

void ImageReader::decode(std::string_view bytes, uint8_t* pixels) {
  ImageDecoder& decoder = image_format(bytes) == ImageFormat::jpeg ? *jpeg_ : *png_;
  const ImageSize picture = decoder.open(bytes);
  if (std::max(picture.height, picture.width) > kLongestSide)
    throw Error(fmt::format("has {} x {} pixels; expected at most {} along a side", picture.width, picture.height,
                            kLongestSide));
  const int64_t reduction = &decoder == jpeg_.get() ? reduction_of(picture, options_) : 1;
  const ImageSize decoded = decoder.begin(reduction);
  resizer_.begin(picture, decoded, reduction);
  rows_.resize(static_cast<size_t>(kRowsAtOnce * decoded.width * 4));
  for (int64_t row = 0; row < decoded.height; row += kRowsAtOnce) {
    const int64_t count = std::min(kRowsAtOnce, decoded.height - row);
    decoder.read_rows(rows_.data(), count);
    resizer_.add_rows(rows_.data(), count);
  }
  decoder.finish();
  resizer_.finish(pixels);
}

std::vector<UnreadableImage> read_images(const std::vector<fs::path>& files, const ImageOptions& options,
                                         uint8_t* pixels, const ImageProgress& progress, const std::stop_token& stop) {
  ReadingJob job(files, options, pixels, progress, stop);
  const size_t threads = std::min(static_cast<size_t>(at::get_num_threads()), files.size());
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back([&] { job.work(); });
  job.work();
  for (std::thread& other : others) other.join();
  return job.result();
}

at::Tensor read_images(const std::vector<fs::path>& files, const ImageOptions& options) {
  const auto count = static_cast<int64_t>(files.size());
  at::Tensor pixels = at::empty({count, options.channels, options.size.height, options.size.width}, at::kByte);
  const auto unreadable = read_images(files, options, pixels.data_ptr<uint8_t>());
  if (!unreadable.empty()) throw Error(describe(unreadable, files.size()));
  return pixels;
}

std::optional<ImageSize> usual_size(const std::vector<fs::path>& files) {
  constexpr size_t kLooked = 15;
  std::vector<ImageSize> sizes;
  for (size_t i = 0; i < kLooked && i < files.size(); ++i) {
    try {
      const std::string bytes = read_file(files[i * files.size() / std::min(kLooked, files.size())]);
      const auto decoder = image_format(bytes) == ImageFormat::jpeg ? jpeg_decoder() : png_decoder();
      sizes.push_back(decoder->open(bytes));
    } catch (const Error&) {  // is told when all are read
    }
  }
  if (sizes.empty()) return std::nullopt;
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end(),
                   [](const ImageSize& a, const ImageSize& b) { return a.height * a.width < b.height * b.width; });
  return *middle;
}

std::string describe(const std::vector<UnreadableImage>& unreadable, size_t of) {
  std::string text = fmt::format("{} of {} pictures cannot be read:", unreadable.size(), of);
  for (size_t i = 0; i < std::min(unreadable.size(), kMostNamed); ++i) text += "\n  " + unreadable[i].problem;
  if (unreadable.size() > kMostNamed) text += fmt::format("\n  and {} more", unreadable.size() - kMostNamed);
  return text;
}

bool is_image_name(const fs::path& file) {
  const std::string extension = lower_extension(file);
  return !file.filename().string().starts_with('.') &&
         (extension == ".jpg" || extension == ".jpeg" || extension == ".png");
}

std::vector<fs::path> image_files(const fs::path& folder_or_file, std::vector<fs::path>* other_formats) {
  std::vector<fs::path> files, others;
  std::error_code ignored;
  if (fs::is_directory(folder_or_file, ignored))
    collect(folder_or_file, 0, files, others);
  else if (fs::exists(folder_or_file, ignored))
    files.push_back(folder_or_file);
  else
    throw Error(fmt::format("'{}' does not exist", folder_or_file.string()));
  if (files.empty())
    throw Error(fmt::format(
        "no pictures (.jpg, .jpeg, .png) in '{}'{}", folder_or_file.string(),
        others.empty() ? "" : fmt::format(", only others such as '{}'", others.front().filename().string())));
  std::sort(files.begin(), files.end());
  if (other_formats) other_formats->insert(other_formats->end(), others.begin(), others.end());
  return files;
}

}  // namespace limbeck

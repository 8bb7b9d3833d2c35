// JPEG through libjpeg-turbo. The library reports errors by a call that may not return; here that call jumps back into
// `guarded`, which throws. Between the two lie frames of the library and of lambdas without destructors only.
#include <jerror.h>
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "data/images/image_decoder.h"

namespace limbeck {
namespace {

/// A progressive file may refine the same pixels over and over; this is 50 times what encoders write.
constexpr int kMostScans = 500;
constexpr int64_t kJpegRows = 16;

struct Failure : jpeg_error_mgr {
  std::jmp_buf back;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void fail(j_common_ptr info) {
  auto* failure = static_cast<Failure*>(info->err);
  failure->format_message(info, failure->message.data());
  std::longjmp(failure->back, 1);
}

/// Traces are dropped; a warning is an error, but for two that say nothing about the picture.
void on_message(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  if (level < 0 && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR) fail(info);
}

void limit_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
  auto* failure = static_cast<Failure*>(info->err);
  std::snprintf(failure->message.data(), failure->message.size(), "It has more than %d scans", kMostScans);
  std::longjmp(failure->back, 1);
}

/// Inks as Adobe stores them, 255 = none, to light; in place.
void cmyk_to_rgb(uint8_t* row, int64_t width) {
  for (int64_t x = 0; x < width; ++x, row += 4)
    for (int i = 0; i < 3; ++i) {
      const int part = (255 - row[i]) * row[3] + 128;
      row[i] = static_cast<uint8_t>(row[3] - (((part >> 8) + part) >> 8));  // the rounded quotient by 255
    }
}

class JpegDecoder : public ImageDecoder {
 public:
  JpegDecoder() {
    info_.err = jpeg_std_error(&failure_);
    failure_.error_exit = fail;
    failure_.emit_message = on_message;
    guarded([&] { jpeg_create_decompress(&info_); });
    progress_.progress_monitor = limit_scans;
    info_.progress = &progress_;
  }
  ~JpegDecoder() override { jpeg_destroy_decompress(&info_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  ImageSize open(std::string_view bytes) override {
    size_ = bytes.size();
    guarded([&] {
      jpeg_abort_decompress(&info_);
      jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      jpeg_read_header(&info_, TRUE);
    });
    const ImageSize size{info_.image_height, info_.image_width};
    if (size.height * size.width > kMostPixels)
      throw Error(fmt::format("has {} x {} pixels; expected at most {}", size.width, size.height, kMostPixels));
    return size;
  }

  ImageSize begin(int64_t reduction) override {
    is_cmyk_ = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
    info_.out_color_space = is_cmyk_ ? JCS_CMYK : JCS_EXT_RGBX;
    info_.scale_num = 1;
    info_.scale_denom = static_cast<unsigned>(reduction);
    guarded([&] { jpeg_start_decompress(&info_); });
    return {info_.output_height, info_.output_width};
  }

  void read_rows(uint8_t* rows, int64_t count) override {
    const int64_t width = info_.output_width, stride = 4 * width;
    guarded([&] {
      std::array<JSAMPROW, kJpegRows> at;
      for (int64_t done = 0; done < count;) {
        const int64_t wanted = std::min(kJpegRows, count - done);
        for (int64_t i = 0; i < wanted; ++i) at[static_cast<size_t>(i)] = rows + (done + i) * stride;
        const int64_t got = jpeg_read_scanlines(&info_, at.data(), static_cast<JDIMENSION>(wanted));
        if (got == 0) ERREXIT(&info_, JERR_INPUT_EOF);
        done += got;
      }
    });
    if (is_cmyk_)
      for (int64_t i = 0; i < count; ++i) cmyk_to_rgb(rows + i * stride, width);
  }

  void finish() override {
    guarded([&] { jpeg_finish_decompress(&info_); });
  }

 private:
  template <class Calls>
  void guarded(const Calls& calls) {
    if (setjmp(failure_.back) != 0) refuse();
    calls();
  }

  [[noreturn]] void refuse() {
    const size_t left = info_.src == nullptr ? size_ : std::min(size_, info_.src->bytes_in_buffer);
    throw Error(fmt::format("is damaged: {} (at offset {})", failure_.message.data(), size_ - left));
  }

  jpeg_decompress_struct info_{};
  jpeg_progress_mgr progress_{};
  Failure failure_{};
  size_t size_ = 0;  ///< of the file, bytes
  bool is_cmyk_ = false;
};

}  // namespace

std::unique_ptr<ImageDecoder> jpeg_decoder() {
  return std::make_unique<JpegDecoder>();
}

}  // namespace limbeck

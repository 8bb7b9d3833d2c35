// PNG through libspng. The picture is decoded as a whole, since the rows of an interlaced one do not come in order.
#include <spng.h>

#include <cstring>
#include <vector>

#include "core/error.h"
#include "data/images/image_decoder.h"

namespace limbeck {
namespace {

constexpr size_t kMostChunkBytes = 64 << 20;  ///< of chunks other than the picture's: colour profiles, texts

/// The file, and how far the library has read.
struct Input {
  std::string_view bytes;
  size_t offset = 0;
};

int read_input(spng_ctx*, void* user, void* to, size_t count) {
  auto* input = static_cast<Input*>(user);
  if (count > input->bytes.size() - input->offset) return SPNG_IO_EOF;
  std::memcpy(to, input->bytes.data() + input->offset, count);
  input->offset += count;
  return 0;
}

class PngDecoder : public ImageDecoder {
 public:
  ImageSize open(std::string_view bytes) override {
    input_ = {bytes, 0};
    context_.reset(spng_ctx_new(0));
    if (!context_) throw Error("cannot be decoded: out of memory");
    check(spng_set_png_stream(context_.get(), read_input, &input_));
    check(spng_set_chunk_limits(context_.get(), kMostChunkBytes, kMostChunkBytes));
    spng_ihdr header{};
    check(spng_get_ihdr(context_.get(), &header));
    size_ = {header.height, header.width};
    if (size_.height > kMostPixels / size_.width)
      throw Error(fmt::format("has {} x {} pixels; expected at most {}", size_.width, size_.height, kMostPixels));
    return size_;
  }

  ImageSize begin(int64_t) override {
    pixels_.resize(static_cast<size_t>(4 * size_.height * size_.width));
    check(spng_decode_image(context_.get(), pixels_.data(), pixels_.size(), SPNG_FMT_RGBA8, 0));
    next_ = pixels_.data();
    return size_;
  }

  void read_rows(uint8_t* rows, int64_t count) override {
    const int64_t bytes = 4 * size_.width * count;
    std::memcpy(rows, next_, static_cast<size_t>(bytes));
    next_ += bytes;
  }

  void finish() override {
    check(spng_decode_chunks(context_.get()));
    context_.reset();
  }

 private:
  void check(int code) const {
    if (code == SPNG_OK) return;
    if (code == SPNG_IO_EOF || code == SPNG_EIDAT_TOO_SHORT)
      throw Error(fmt::format("is truncated: it ends at offset {}", input_.bytes.size()));
    throw Error(fmt::format("is damaged: {} (at offset {})", spng_strerror(code), input_.offset));
  }

  struct Free {
    void operator()(spng_ctx* context) const { spng_ctx_free(context); }
  };
  Input input_;
  std::unique_ptr<spng_ctx, Free> context_;
  ImageSize size_;
  std::vector<uint8_t> pixels_;  ///< [height, width, 4]
  const uint8_t* next_ = nullptr;
};

}  // namespace

std::unique_ptr<ImageDecoder> png_decoder() {
  return std::make_unique<PngDecoder>();
}

}  // namespace limbeck

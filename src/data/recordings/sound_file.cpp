#include "data/recordings/sound_file.h"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr int kLowestRate = 1000, kHighestRate = 768000;
constexpr sf_count_t kMostSamples = sf_count_t{1} << 28;  // nine hours at 8 kHz; a header can say anything

/// How the chunks of a format lie one after the other: name, size, content.
struct ChunkFormat {
  const char* magic;
  const char* samples;  // begin of the name of the chunk that holds them
  uint64_t first;       // where the first chunk begins
  uint64_t name, size;  // bytes
  bool big_endian;
  bool counts_head;  // the size counts name and size too
  uint64_t alignment;
};
constexpr ChunkFormat kChunkFormats[] = {
    {"RIFF", "data", 12, 4, 4, false, false, 2}, {"RIFX", "data", 12, 4, 4, true, false, 2},
    {"RF64", "ds64", 12, 4, 4, false, false, 2}, {"FORM", "SSND", 12, 4, 4, true, false, 2},
    {"riff", "data", 40, 16, 8, false, true, 8}, {"caff", "data", 8, 4, 8, true, false, 1}};

uint64_t number_at(std::ifstream& stream, uint64_t place, uint64_t size, bool big_endian) {
  std::array<unsigned char, 8> bytes{};
  stream.seekg(static_cast<std::streamoff>(place));
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  uint64_t number = 0;
  for (uint64_t i = 0; i < size; ++i) number |= static_cast<uint64_t>(bytes[big_endian ? size - 1 - i : i]) << (8 * i);
  return number;
}

std::string text_at(std::ifstream& stream, uint64_t place) {
  std::string text(4, '\0');
  stream.seekg(static_cast<std::streamoff>(place));
  stream.read(text.data(), 4);
  return text;
}

/// Where the samples end by what the header says; 0: it does not say. Beyond 2 GB it may have been written before its
/// end was known.
uint64_t claimed_end(std::ifstream& stream, uint64_t there) {
  constexpr uint64_t kStreamed = 0x7f000000;
  constexpr int kMostChunks = 10000;
  const std::string magic = text_at(stream, 0);
  if (magic == ".snd") {
    const uint64_t size = number_at(stream, 8, 4, true);
    return size >= kStreamed ? 0 : number_at(stream, 4, 4, true) + size;
  }
  for (const ChunkFormat& format : kChunkFormats) {
    if (magic != format.magic) continue;
    const uint64_t head = format.name + format.size;
    uint64_t at = format.first;
    for (int chunk = 0; chunk < kMostChunks && at + head <= there; ++chunk) {
      const std::string name = text_at(stream, at);
      uint64_t size = number_at(stream, at + format.name, format.size, format.big_endian);
      if (name == "ds64") return number_at(stream, at + head, 8, false) + 8;  // the size of the whole
      if (format.counts_head) size -= std::min(size, head);
      if (name == format.samples) return size >= kStreamed ? 0 : at + head + size;
      if (size >= kStreamed) return 0;
      at += (head + size + format.alignment - 1) / format.alignment * format.alignment;
    }
  }
  return 0;
}

/// libsndfile reads what is there of a file that was cut off, and says nothing. Some writers count a byte of padding
/// that they leave out.
void refuse_cut_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::error_code problem;
  const uint64_t there = fs::file_size(file, problem);
  if (!stream || problem) return;  // libsndfile says why
  if (const uint64_t claimed = claimed_end(stream, there); claimed > there + 1)
    throw Error(fmt::format("the sound file '{}' is cut off: {} of {} bytes are there", file.string(), there, claimed));
}

}  // namespace

Sound read_sound(const fs::path& file) {
  check_regular_file(file);
  refuse_cut_file(file);
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> opened(sf_open(file.c_str(), SFM_READ, &info), sf_close);
  if (opened == nullptr)
    throw Error(fmt::format("cannot read the sound file '{}': {}", file.string(), sf_strerror(nullptr)));
  if (info.frames <= 0) throw Error(fmt::format("the sound file '{}' holds no samples", file.string()));
  if (info.channels <= 0 || info.samplerate < kLowestRate || info.samplerate > kHighestRate ||
      info.frames > kMostSamples / info.channels)
    throw Error(fmt::format("the sound file '{}' claims {} samples of {} channels at {} Hz", file.string(), info.frames,
                            info.channels, info.samplerate));
  std::vector<float> all(static_cast<size_t>(info.frames) * static_cast<size_t>(info.channels));
  const sf_count_t read = sf_readf_float(opened.get(), all.data(), info.frames);
  if (read != info.frames)
    throw Error(fmt::format("the sound file '{}' is cut off: {} of {} samples are there", file.string(),
                            std::max<sf_count_t>(read, 0), info.frames));
  Sound sound{.samples = {}, .rate = info.samplerate};
  sound.samples.reserve(static_cast<size_t>(info.frames));
  const auto channels = static_cast<size_t>(info.channels);
  for (size_t at = 0; at < all.size(); at += channels) {
    float sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += all[at + c];
    sound.samples.push_back(sum / static_cast<float>(channels));
    if (!std::isfinite(sound.samples.back()))
      throw Error(fmt::format("sample {} of the sound file '{}' is not finite", at / channels, file.string()));
  }
  return sound;
}

}  // namespace limbeck

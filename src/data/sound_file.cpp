#include "data/sound_file.h"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <regex>
#include <string>

#include "core/error.h"

namespace limbeck {
namespace {

constexpr int kLowestRate = 1000, kHighestRate = 768000;
constexpr sf_count_t kMostSamples = sf_count_t{1} << 28;  // nine hours at 8 kHz; a header can say anything

/// libsndfile reads what is there of a file that was cut off, and says only in its log that a header claims more: "data : 8000 (should be 3978)".
/// Writers do not agree on whether the size of the whole counts its own head, or a byte of padding.
void refuse_cut_file(SNDFILE* opened, const fs::path& file) {
  constexpr uint64_t kStreamed = 0x7fffffff;  // and above: the writer did not know
  constexpr uint64_t kHead = 8, kPadding = 1;
  std::string log(16384, '\0');
  log.resize(static_cast<size_t>(std::max(0, sf_command(opened, SFC_GET_LOG_INFO, log.data(), static_cast<int>(log.size())))));
  static const std::regex claim(R"((\S+) *: *(\d+) \(should be (\d+)\))");
  for (std::sregex_iterator found(log.begin(), log.end(), claim), end; found != end; ++found) {
    const std::string part = (*found)[1];
    const bool whole = part == "RIFF" || part == "FORM" || part == "riff" || part == "size";  // the last: "Riff size" of RF64
    const uint64_t claimed = std::stoull((*found)[2]), there = std::stoull((*found)[3]);
    if (claimed < kStreamed && claimed > there + (whole ? kHead : kPadding))
      throw Error(fmt::format("the sound file '{}' is cut off: its header claims {} bytes, {} are there", file.string(), claimed, there));
  }
}

double sinc(double x) { return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x); }

}  // namespace

Sound read_sound(const fs::path& file) {
  SF_INFO info{};
  const std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> opened(sf_open(file.c_str(), SFM_READ, &info), sf_close);
  if (opened == nullptr) throw Error(fmt::format("cannot read the sound file '{}': {}", file.string(), sf_strerror(nullptr)));
  refuse_cut_file(opened.get(), file);
  if (info.frames <= 0) throw Error(fmt::format("the sound file '{}' holds no samples", file.string()));
  if (info.channels <= 0 || info.samplerate < kLowestRate || info.samplerate > kHighestRate || info.frames > kMostSamples / info.channels)
    throw Error(fmt::format("the sound file '{}' claims {} samples of {} channels at {} Hz", file.string(), info.frames, info.channels, info.samplerate));
  std::vector<float> all(static_cast<size_t>(info.frames) * static_cast<size_t>(info.channels));
  const sf_count_t read = sf_readf_float(opened.get(), all.data(), info.frames);
  if (read != info.frames)
    throw Error(fmt::format("the sound file '{}' is cut off: {} of {} samples are there", file.string(), std::max<sf_count_t>(read, 0), info.frames));
  Sound sound{.samples = {}, .rate = info.samplerate};
  sound.samples.reserve(static_cast<size_t>(info.frames));
  const auto channels = static_cast<size_t>(info.channels);
  for (size_t at = 0; at < all.size(); at += channels) {
    float sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += all[at + c];
    sound.samples.push_back(sum / static_cast<float>(channels));
    if (!std::isfinite(sound.samples.back())) throw Error(fmt::format("sample {} of the sound file '{}' is not finite", at / channels, file.string()));
  }
  return sound;
}

Sound resample(const Sound& sound, int rate) {
  if (rate == sound.rate) return sound;
  constexpr double kZeros = 16;
  const double step = static_cast<double>(sound.rate) / rate;
  const double cutoff = std::min(1.0, 1 / step);  // of the source's Nyquist frequency
  const auto count = static_cast<int64_t>(sound.samples.size());
  Sound result{.samples = std::vector<float>(static_cast<size_t>(std::max<int64_t>(1, std::llround(static_cast<double>(count) / step)))), .rate = rate};
  for (size_t i = 0; i < result.samples.size(); ++i) {
    const double at = static_cast<double>(i) * step;
    double sum = 0, weights = 0;
    const double reach = kZeros / cutoff;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(at - reach)));
    const auto last = std::min(count - 1, static_cast<int64_t>(std::floor(at + reach)));
    for (int64_t j = first; j <= last; ++j) {
      const double x = (at - static_cast<double>(j)) * cutoff;
      const double weight = sinc(x) * sinc(x / kZeros);
      weights += weight;
      sum += weight * static_cast<double>(sound.samples[static_cast<size_t>(j)]);
    }
    result.samples[i] = static_cast<float>(weights == 0 ? 0 : sum / weights);
  }
  return result;
}

}  // namespace limbeck

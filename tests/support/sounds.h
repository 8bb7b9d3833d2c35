#pragma once
// Sounds for tests, and WAV files of them, which no library wrote.
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace limbeck {

inline void append_number(std::string& bytes, uint32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
}

/// A WAV file of 16 bits, written by hand.
inline std::string wav(const std::vector<std::vector<float>>& channels, uint32_t rate) {
  std::string data;
  for (size_t i = 0; i < channels[0].size(); ++i)
    for (const auto& channel : channels) append_number(data, static_cast<uint32_t>(std::lround(channel[i] * 32767)), 2);
  const auto count = static_cast<uint32_t>(channels.size());
  std::string bytes = "RIFF";
  append_number(bytes, static_cast<uint32_t>(36 + data.size()), 4);
  bytes += "WAVEfmt ";
  for (const auto& [value, size] : std::vector<std::pair<uint32_t, int>>{
           {16, 4}, {1, 2}, {count, 2}, {rate, 4}, {rate * count * 2, 4}, {count * 2, 2}, {16, 2}})
    append_number(bytes, value, size);
  bytes += "data";
  append_number(bytes, static_cast<uint32_t>(data.size()), 4);
  return bytes + data;
}

inline std::vector<float> tone(double hertz, double seconds, int rate, double loudness = 0.5) {
  std::vector<float> samples(static_cast<size_t>(seconds * rate));
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(loudness * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate));
  return samples;
}

}  // namespace limbeck

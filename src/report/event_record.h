#pragma once
// Records of TensorBoard event files. A record is
//
//   uint64 length, uint32 masked CRC-32C of these 8 bytes, the message, uint32 masked CRC-32C of the message,
//   all little-endian,
//
// where the message is a protobuf `Event`: wall_time = 1 (double), step = 2 (int64), and one of file_version = 3
// (string), summary = 5 { value = 1 { tag = 1 (string), simple_value = 2 (float) } }, session_log = 7 { status = 1 }.
//
//   std::string file = version_record(now);
//   file += scalars_record(now, 3, {{"train/loss", 0.25}});
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace limbeck {

using Scalars = std::vector<std::pair<std::string, double>>;  ///< by tag

/// Wraps a serialized message in a record.
std::string record_of(std::string_view message);

/// Returns the first record of an event file. Times are in seconds since 1970.
std::string version_record(double wall_time);
/// Returns a restart record: viewers discard what they have read from this step on.
std::string start_record(double wall_time, int64_t step);
/// Returns the scalars of one step, stored as float; NaN and infinities are kept.
std::string scalars_record(double wall_time, int64_t step, const Scalars& scalars);

}  // namespace limbeck

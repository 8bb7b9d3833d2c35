#pragma once
// The CRC-32C (Castagnoli) checksum: polynomial 0x1EDC6F41, bit-reflected, as used by iSCSI and TensorFlow's record
// files.
//
//   crc32c("123456789");   // 0xE3069283
#include <cstdint>
#include <string_view>

namespace limbeck {

uint32_t crc32c(std::string_view bytes);

}  // namespace limbeck

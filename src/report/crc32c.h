#pragma once
// The checksum CRC-32C (Castagnoli): polynomial 0x1EDC6F41, bits reversed, as iSCSI and the record files of TensorFlow
// use it.
//
//   crc32c("123456789");   // 0xE3069283
#include <cstdint>
#include <string_view>

namespace limbeck {

uint32_t crc32c(std::string_view bytes);

}  // namespace limbeck

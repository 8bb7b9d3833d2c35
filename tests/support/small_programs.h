#pragma once
// Small programs' files with all kinds of things in them, for tests of reading.
#include <string>

#include "support/export_writer.h"

namespace limbeck {

/// ONNX: a convolution, batch norm, what PyTorch's exporter makes of flattening, a linear layer; takes {3, 6, 6}, gives
/// 5 logits.
std::string small_onnx();

/// torch.export: a linear layer, a symbolic batch size, a buffer, a constant, two outputs; takes {4}, gives 3 logits.
ExportWriter small_export();

}  // namespace limbeck

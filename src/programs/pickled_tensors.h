#pragma once
// Reads the tensors of a file of torch.save: a ZIP archive of a pickle and the memory of its tensors. The pickle is
// read by an interpreter of its own, which knows containers, numbers, text and tensors; nothing is executed or
// imported.
//
//   std::map<std::string, at::Tensor> weights = read_pickled_tensors(content, "model.pt");
#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <string_view>

namespace limbeck {

/// The tensors of a dict by their names, or a single one by the name "". Those that share memory share it here;
/// parameters require a gradient. What is no tensor is left out. Throws Error that names the file if the archive is
/// damaged, the pickle is none of a dict or tensor, or a tensor lies outside of its memory.
std::map<std::string, at::Tensor> read_pickled_tensors(std::string_view content, const std::string& file);

}  // namespace limbeck

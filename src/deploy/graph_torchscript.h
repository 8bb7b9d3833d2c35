#pragma once
// Exports a graph as a TorchScript program that PyTorch 1.13 and later can load. Parameters keep their names.
//
//   save_graph_torchscript("student.pt", *network, {{"limbeck.classes", "[…]"}});
//   torch.jit.load("student.pt")(inputs)   # in Python: logits
#include <map>
#include <string>

#include "core/files.h"
#include "nn/network.h"

namespace limbeck {

/// Writes the program atomically, in evaluation mode, with the given extra files. As in PyTorch, `.train()` enables
/// dropout and batch statistics.
void save_graph_torchscript(const fs::path& file, const GraphNetwork& network,
                            const std::map<std::string, std::string>& extra);

}  // namespace limbeck

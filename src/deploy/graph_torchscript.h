#pragma once
// A graph as a TorchScript program, which any PyTorch from 1.13 on loads, with the parameters under the same names as
// before:
//
//   save_graph_torchscript("student.pt", *network, {{"limbeck.classes", "[…]"}});
//   torch.jit.load("student.pt")(inputs)   # in Python: logits
#include <map>
#include <string>

#include "core/files.h"
#include "nn/network.h"

namespace limbeck {

/// Writes the program, in evaluation mode, atomically, with these extra files in it. `.train()` turns on dropout and
/// the batch's own statistics, as in PyTorch.
void save_graph_torchscript(const fs::path& file, const GraphNetwork& network,
                            const std::map<std::string, std::string>& extra);

}  // namespace limbeck

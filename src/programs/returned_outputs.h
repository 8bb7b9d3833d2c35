#pragma once
// What the forward of a program from a file returned: logits, and features by name.
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <map>
#include <string>
#include <vector>

namespace limbeck {

struct Returned {
  at::Tensor logits;  ///< undefined if there is none
  std::string logits_name;
  std::map<std::string, at::Tensor> features;  ///< the other tensors

  void add(const std::string& name, const c10::IValue& value);
};

/// The outputs are named by key in a dict, by field in a NamedTuple, and by place in other tuples and lists. `output`:
/// the name or place of the logits; empty: the one called "logits", or else the first tensor.
Returned returned_by(const c10::IValue& value, const std::string& output);

/// Joins the outputs of several batches.
Returned joined(const std::vector<Returned>& batches);

/// Whether all rows are distributions: what softmax returns, and logits are not by chance. Zeros and ones alone are
/// scores of some other kind.
bool are_probabilities(const at::Tensor& outputs);

/// Whether two programs returned the same up to rounding.
bool agree(const Returned& a, const Returned& b);

bool is_half(const at::Tensor& tensor);

}  // namespace limbeck

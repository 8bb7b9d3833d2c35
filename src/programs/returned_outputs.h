#pragma once
// What the forward of a program from a file returned: logits, and features by name.
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "programs/program_options.h"

namespace limbeck {

struct Returned {
  at::Tensor logits;  ///< undefined if there is none
  std::string logits_name;
  std::map<std::string, at::Tensor> features;  ///< the other tensors

  void add(const std::string& name, const c10::IValue& value);
};

/// Where the logits are among the outputs of these names. `output`: a name or a place; empty: "logits". nullopt if none
/// is meant.
std::optional<size_t> place_of_output(const std::string& output, const std::vector<std::string>& names);

/// The outputs are named by key in a dict, by field in a NamedTuple, and by place in other tuples and lists. `output`:
/// the name or place of the logits; empty: the one called "logits", or else the first tensor.
Returned returned_by(const c10::IValue& value, const std::string& output);

/// Joins the outputs of several batches.
Returned joined(const std::vector<Returned>& batches);

/// Whether all rows are distributions: what softmax returns, and logits are not by chance. Zeros and ones alone are
/// scores of some other kind.
bool are_probabilities(const at::Tensor& outputs);

/// Probabilities of a sigmoid are clamped to be so far from 0 and 1.
constexpr double kSigmoidMargin = 0x1p-24;

/// The logits of outputs: themselves, log p of probabilities, or log p - log(1 - p) of a sigmoid's. Probabilities are
/// clamped to `smallest`.
at::Tensor logits_of(const at::Tensor& outputs, ReturnedValues returns, double smallest);

/// Whether two programs returned the same up to rounding.
bool agree(const Returned& a, const Returned& b);

bool is_half(const at::Tensor& tensor);

}  // namespace limbeck

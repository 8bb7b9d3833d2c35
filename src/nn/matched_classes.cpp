#include "nn/matched_classes.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "core/error.h"
#include "core/nearest.h"

namespace limbeck {

MatchedClasses::MatchedClasses(std::shared_ptr<Network> network, std::vector<int64_t> columns)
    : network_(std::move(network)), columns_(std::move(columns)), index_(at::tensor(columns_, at::kLong)) {}

Outputs MatchedClasses::forward(const at::Tensor& inputs, const ForwardOptions& options) const {
  Outputs outputs = network_->forward(inputs, options);
  outputs.logits = at::index_select(outputs.logits, 1, index_);
  return outputs;
}

std::string MatchedClasses::identity() const {
  std::string text = network_->identity() + " classes";
  for (const int64_t column : columns_) text += " " + std::to_string(column);
  return text;
}

void MatchedClasses::to(at::Device device) {
  network_->to(device);
  index_ = index_.to(device);
}

std::shared_ptr<Network> match_classes(std::shared_ptr<Network> network, const std::vector<std::string>& names,
                                       const std::vector<std::string>& wanted, const std::string& where) {
  std::vector<int64_t> columns;
  std::string missing, hint;
  size_t count = 0;
  for (const std::string& name : wanted) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) {
      columns.push_back(found - names.begin());
      if (std::find(found + 1, names.end(), name) != names.end())
        throw Error(ErrorKind::usage, fmt::format("{} has two classes of the name '{}'", where, name));
    } else if (++count <= 5) {
      missing += fmt::format("{}'{}'", missing.empty() ? "" : ", ", name);
      if (hint.empty()) hint = suggestion(name, names);
    }
  }
  if (count > 0)
    throw Error(
        ErrorKind::usage,
        fmt::format("{} does not know {} of the data's {} classes: {}{}{}. It gives no logit for them: name its "
                    "classes as the data does, or leave these classes out of the data",
                    where, count, wanted.size(), missing, count > 5 ? ", ..." : "", hint));
  return std::make_shared<MatchedClasses>(std::move(network), std::move(columns));
}

}  // namespace limbeck

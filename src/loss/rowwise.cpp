#include "loss/rowwise.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "device/autograd_function.h"

namespace limbeck {
namespace {

class Rowwise : public torch::autograd::Function<Rowwise> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& logits, double scale,
                            const RowLoss& loss) {
    const at::Tensor rows = logits.contiguous();
    at::Tensor gradient = at::empty(rows.sizes(), rows.options());
    const int64_t classes = rows.size(1);
    const auto* z = rows.data_ptr<float>();
    auto* g = gradient.data_ptr<float>();
    double sum = 0;
    for (int64_t row = 0; row < rows.size(0); ++row) sum += loss(row, z + row * classes, g + row * classes);
    const auto factor = static_cast<float>(scale);
    for (int64_t i = 0; i < gradient.numel(); ++i) g[i] *= factor;
    context->save_for_backward({gradient});
    return at::full({}, sum * scale, rows.options());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    if (at::GradMode::is_enabled())
      throw Error("a loss computed row by row has no second derivative; use float64 logits");
    return {context->get_saved_variables()[0] * gradients[0], at::Tensor(), at::Tensor()};
  }
};

}  // namespace

bool can_go_rowwise(const at::Tensor& logits) {
  constexpr int64_t kMost = 1 << 15;
  return logits.is_cpu() && logits.scalar_type() == at::kFloat && logits.dim() == 2 && logits.numel() <= kMost;
}

bool is_on_device(const at::Tensor& logits) {
  return !logits.is_cpu() && logits.scalar_type() == at::kFloat && logits.dim() == 2;
}

at::Tensor rowwise(const at::Tensor& logits, double scale, const RowLoss& loss) {
  return Rowwise::apply(logits, scale, loss);
}

void log_softmax_row(const float* z, int64_t classes, double temperature, float* log_q) {
  const double largest = *std::max_element(z, z + classes);
  float sum = 0;
  for (int64_t c = 0; c < classes; ++c) {
    log_q[c] =
        static_cast<float>((z[c] - largest) / temperature);  // in double: the difference may be past float's largest
    sum += std::exp(log_q[c]);
  }
  const float log_sum = std::log(sum);
  for (int64_t c = 0; c < classes; ++c) log_q[c] -= log_sum;
}

}  // namespace limbeck

#include "nn/outputs.h"

#include <torch/types.h>

namespace limbeck {

torch::Tensor TeacherOutputs::log_probabilities(double temperature) const {
  return torch::log_softmax(logits.detach() / temperature, 1);
}

}  // namespace limbeck

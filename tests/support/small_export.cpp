#include "support/small_programs.h"

namespace limbeck {

ExportWriter small_export() {
  torch::manual_seed(1);
  ExportWriter writer;
  writer.parameter("fc.weight", torch::randn({3, 4}).requires_grad_());
  writer.buffer("scale", torch::ones({3}));
  writer.constant("lifted", torch::tensor({2}, torch::kLong));
  writer.input("x");
  writer.node("aten.linear.default", arguments(tensor_argument("input", "x"), tensor_argument("weight", "v_fc_weight")),
              "y", "fc");
  writer.node("aten.sym_size.int", arguments(tensor_argument("self", "x"), argument("dim", "as_int", "0")),
              R"([{"as_sym_int": {"as_name": "n"}}])");
  writer.node(
      "aten.view.default",
      arguments(tensor_argument("self", "y"), argument("size", "as_sym_ints", R"([{"as_name": "n"}, {"as_int": 3}])")),
      "v");
  writer.node("aten.mul.Tensor", arguments(tensor_argument("self", "v"), tensor_argument("other", "v_scale")), "z",
              "act");
  writer.output("z");
  writer.output("v");
  return writer;
}

}  // namespace limbeck

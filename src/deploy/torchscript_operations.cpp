#include "deploy/torchscript_operations.h"

namespace limbeck {
namespace {

const ScriptOperations& all_script_operations() {
  static const ScriptOperations all = [] {
    ScriptOperations merged;
    for (ScriptOperations part : {script_elementwise(), script_activations(), script_shapes(), script_indexing(),
                                  script_reductions(), script_products(), script_convolutions(), script_pools(),
                                  script_norms(), script_attention(), script_resizing()})
      merged.merge(part);
    return merged;
  }();
  return all;
}

}  // namespace

const ScriptOperation* script_operation(const std::string& name) {
  constexpr std::string_view kSpace = "aten::";
  if (!name.starts_with(kSpace)) return nullptr;
  const ScriptOperations& all = all_script_operations();
  std::string bare = name.substr(kSpace.size());
  auto found = all.find(bare);
  if (found == all.end() && bare.ends_with("_")) found = all.find(bare.substr(0, bare.size() - 1));
  return found == all.end() ? nullptr : &found->second;
}

ScriptValue script_result(std::string onnx) {
  return {{}, std::move(onnx)};
}

ScriptOperation script_unary(const char* operation, const OnnxBuilder::Attributes& attributes) {
  return [=](const ScriptCall& call) { return script_result(call.node(operation, {call.operand(0)}, attributes)); };
}

ScriptOperation script_binary(const char* operation) {
  return [=](const ScriptCall& call) {
    return script_result(call.node(operation, {call.repeated_operand(0), call.repeated_operand(1, "other")}));
  };
}

Shape script_pads(Shape sides) {
  const Shape ends = sides;
  sides.insert(sides.end(), ends.begin(), ends.end());
  return sides;
}

ScriptValue script_identity(const ScriptCall& call) {
  return script_result(call.operand(0));
}

}  // namespace limbeck

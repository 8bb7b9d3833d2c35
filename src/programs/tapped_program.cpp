#include "programs/tapped_program.h"

#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "programs/program_builder.h"

namespace limbeck {
namespace {

namespace jit = torch::jit;

/// A copy of the forward of a program in which its modules' forwards are written out, and the values that they give.
struct OpenedProgram {
  std::shared_ptr<jit::Graph> graph;
  std::vector<std::pair<std::string, jit::Value*>> outputs;
};

class Opener {
 public:
  explicit Opener(const jit::Module& module)
      : graph_(jit::toGraphFunction(module.get_method("forward").function()).graph()->copy()) {
    paths_[graph_->inputs().at(0)] = "";
  }

  OpenedProgram open() {
    // A call is replaced by the nodes of what it calls, which come next.
    for (jit::Node* node = *graph_->nodes().begin(); node != graph_->return_node();) node = open(node);
    return {graph_, outputs_};
  }

 private:
  /// Returns the node to look at next.
  jit::Node* open(jit::Node* node) {
    if (node->kind() == jit::prim::GetAttr) note_path(node);
    jit::GraphFunction* called = called_forward(node);
    if (called == nullptr) return node->next();
    jit::Node* before = node->prev();
    const std::string path = new_path(paths_.at(node->input(0)));
    const bool gives_tensor =
        node->outputs().size() == 1 && node->output()->type()->isSubtypeOf(*c10::TensorType::get());
    // The call's value goes with it: it may be that of a module around it too, which ends with this one.
    std::vector<std::pair<size_t, size_t>> places;  // in outputs_, and in the call's outputs
    for (size_t i = 0; i < node->outputs().size(); ++i)
      for (size_t place = 0; place < outputs_.size(); ++place)
        if (outputs_[place].second == node->outputs()[i]) places.emplace_back(place, i);
    if (gives_tensor) {
      places.emplace_back(outputs_.size(), 0);
      outputs_.emplace_back(path, nullptr);
    }
    const std::vector<jit::Value*> values = jit::inlineCallTo(node, called, called->graph().get());
    for (const auto& [place, output] : places) outputs_[place].second = values.at(output);
    return before->next();
  }

  void note_path(jit::Node* node) {
    const auto owner = paths_.find(node->input());
    if (owner == paths_.end() || node->output()->type()->cast<c10::ClassType>() == nullptr) return;
    const std::string& name = node->s(jit::attr::name);
    paths_[node->output()] = owner->second.empty() ? name : owner->second + "." + name;
  }

  jit::GraphFunction* called_forward(jit::Node* node) const {
    if (node->kind() != jit::prim::CallMethod || !paths_.contains(node->input(0))) return nullptr;
    const std::string& method = node->s(jit::attr::name);
    const auto type = node->input(0)->type()->cast<c10::ClassType>();
    jit::Function* function = type == nullptr || method != "forward" ? nullptr : type->findMethod(method);
    return function == nullptr ? nullptr : jit::tryToGraphFunction(*function);
  }

  std::string new_path(const std::string& path) {
    const int count = ++calls_[path];
    return count == 1 ? path : fmt::format("{}:{}", path, count);
  }

  std::shared_ptr<jit::Graph> graph_;
  std::map<const jit::Value*, std::string> paths_;  ///< of the modules' values
  std::map<std::string, int> calls_;
  std::vector<std::pair<std::string, jit::Value*>> outputs_;
};

/// Of a program that ProgramBuilder made: its second method returns (what forward returns, a dict of the features).
OpenedProgram with_features(const jit::Method& method) {
  OpenedProgram opened{jit::toGraphFunction(method.function()).graph()->copy(), {}};
  const jit::Node* both = opened.graph->outputs().at(0)->node();
  jit::Value* returned = both->input(0);
  const jit::Node* features = both->input(1)->node();
  for (size_t i = 0; i + 1 < features->inputs().size(); i += 2)
    opened.outputs.emplace_back(jit::toIValue(features->input(i))->toStringRef(), features->input(i + 1));
  opened.graph->eraseOutput(0);
  opened.graph->registerOutput(returned);
  return opened;
}

OpenedProgram open(const jit::Module& module) {
  if (const auto method = module.find_method(ProgramBuilder::kWithFeatures)) return with_features(*method);
  return Opener(module).open();
}

}  // namespace

std::vector<std::string> module_paths(const jit::Module& module) {
  if (jit::tryToGraphFunction(module.get_method("forward").function()) == nullptr) return {};
  std::vector<std::string> paths;
  for (const auto& [path, value] : open(module).outputs) paths.push_back(path);
  return paths;
}

TappedProgram::TappedProgram(const jit::Module& module, const std::vector<std::string>& paths)
    : module_(std::make_unique<jit::Module>(module)) {
  const OpenedProgram opened = open(module);
  for (const std::string& path : paths) {
    const auto found = std::find_if(opened.outputs.begin(), opened.outputs.end(),
                                    [&](const auto& output) { return output.first == path; });
    if (found == opened.outputs.end()) throw Error(fmt::format("the program calls no module '{}'", path));
    opened.graph->registerOutput(found->second);
  }
  jit::EliminateDeadCode(opened.graph);
  executor_ = std::make_unique<jit::GraphExecutor>(opened.graph, "tapped");
}

TappedProgram::~TappedProgram() = default;

TappedProgram::Result TappedProgram::run(const at::Tensor& inputs) const {
  jit::Stack stack = {module_->_ivalue(), inputs};
  module_->get_method("forward").function().getSchema().checkAndNormalizeInputs(stack);
  executor_->run(stack);
  Result result{.returned = stack.at(0), .outputs = {}};
  for (size_t i = 1; i < stack.size(); ++i) result.outputs.push_back(stack[i].toTensor());
  return result;
}

}  // namespace limbeck

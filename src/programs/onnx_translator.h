#pragma once
// Writes the graph of an ONNX model into a program, node by node.
#include <map>
#include <memory>
#include <set>
#include <string>

#include "programs/onnx_call.h"

namespace onnx {
class FunctionProto;
class ModelProto;
}  // namespace onnx

namespace limbeck {

struct OnnxOperationEntry;

class OnnxTranslator {
 public:
  OnnxTranslator(const onnx::ModelProto& model, const fs::path& file, const OnnxReading& reading,
                 TriedProgram& program);
  ~OnnxTranslator();

  /// Makes a value an input of the graph.
  void set_input(const std::string& name, OnnxValue value);
  /// Translates all nodes. Returns the graph's outputs, by name.
  ProgramBuilder::NamedValues run();
  /// The names under which the program keeps the main graph's initializers, of those that it keeps.
  const std::map<std::string, std::string>& initializers() const { return initializers_; }

 private:
  using Attributes = std::map<std::string, const onnx::AttributeProto*>;
  struct Scope;
  struct Body;

  void add_initializers(const onnx::GraphProto& graph, Scope& scope, const std::set<std::string>& trained);
  std::string kept_name(const std::string& name);
  std::set<std::string> trained_names(const Body& body) const;
  void run(const Body& body, Scope& scope);
  void run(const onnx::NodeProto& node, const Body& body, Scope& scope, const std::set<std::string>& used);
  void forget(const Scope& scope);
  OnnxValues results_of(OnnxCall& call, const onnx::NodeProto& node, const Body& body, Scope& scope);
  OnnxValues call_function(OnnxCall& call, const onnx::FunctionProto& function, const onnx::NodeProto& node,
                           Scope& scope);
  OnnxValues branch(OnnxCall& call, const Body& body, Scope& scope);
  OnnxValues loop(OnnxCall& call, const Body& body, Scope& scope);
  OnnxValues run_graph(const onnx::GraphProto& graph, const Body& body, Scope& outer, const OnnxValues& inputs);
  const onnx::FunctionProto* function_of(const onnx::NodeProto& node) const;
  const OnnxOperationEntry* entry_of(const onnx::NodeProto& node) const;
  int64_t opset_of(const std::string& domain, const Body& body) const;
  void add_features(const onnx::NodeProto& node, const Scope& scope);

  const onnx::ModelProto& model_;
  std::string file_;
  const OnnxReading& reading_;
  TriedProgram& program_;
  OnnxTensorReader tensors_;
  std::unique_ptr<Scope> main_;
  std::map<std::pair<std::string, std::string>, const onnx::FunctionProto*> functions_;  ///< by domain and name
  /// Inputs of functions that are weights in them.
  mutable std::map<const onnx::FunctionProto*, std::set<std::string>> trained_in_functions_;
  std::set<std::string> kept_names_;
  std::map<std::string, std::string> initializers_;
  int64_t translated_ = 0, depth_ = 0;
};

}  // namespace limbeck

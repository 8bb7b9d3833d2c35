// An ONNX file as a network: `networks: { teacher: { onnx: model.onnx } }`. Its operations are run by LibTorch, so that
// it can be trained too.
#include "programs/program_network.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct OnnxOptions : ProgramOptions {
  void bind(Fields& fields) {
    ProgramOptions::bind(fields, "an ONNX file of opset 7 to 22; its weights are where training starts");
  }
};

}  // namespace

void register_onnx(Catalogue& catalogue) {
  catalogue.add<Network, OnnxOptions, const TaskShape&, const InputOptions&>(
      Slot::network,
      {.name = "onnx",
       .summary = "Any network in an ONNX file, with its weights, run by LibTorch: a teacher, a member of an ensemble, "
                  "or a student to fine-tune.",
       .source = "https://onnx.ai/onnx/intro/concepts.html",
       .principal = "file",
       .brings_weights = true},
      [](const OnnxOptions& options, const TaskShape& task, const InputOptions& input) {
        return std::make_unique<ProgramNetwork>(ProgramFormat::onnx, options, task, input);
      });
}

}  // namespace limbeck

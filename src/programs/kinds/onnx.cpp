// An ONNX file as a network: `networks: { teacher: { onnx: model.onnx } }`. Its operations are run by LibTorch, so that
// it can be trained too.
#include "programs/program_kind.h"

namespace limbeck {
namespace {

struct OnnxOptions : ProgramOptions {
  void bind(Fields& fields) {
    ProgramOptions::bind(fields, "an ONNX file of opset 7 to 22; its weights are where training starts");
  }
};

}  // namespace

void register_onnx(Catalogue& catalogue) {
  add_program_kind<OnnxOptions>(
      catalogue, ProgramFormat::onnx,
      "Any network in an ONNX file, with its weights, run by LibTorch: a teacher, a member of an ensemble, "
      "or a student to fine-tune.",
      "https://onnx.ai/onnx/intro/concepts.html");
}

}  // namespace limbeck

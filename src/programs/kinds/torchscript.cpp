// A TorchScript file as a network: `networks: { teacher: { torchscript: model.pt } }`. It comes with weights, and so
// can teach at once; a stage that trains it starts from them.
#include "programs/program_kind.h"

namespace limbeck {
namespace {

struct TorchScriptOptions : ProgramOptions {
  void bind(Fields& fields) {
    ProgramOptions::bind(fields, "what torch.jit.save wrote; its weights are where training starts");
  }
};

}  // namespace

void register_torchscript(Catalogue& catalogue) {
  add_program_kind<TorchScriptOptions>(
      catalogue, ProgramFormat::torchscript,
      "Any network that torch.jit.save wrote, with its weights: a teacher, a member of an ensemble, or a "
      "student to fine-tune.",
      "https://pytorch.org/docs/stable/jit.html");
}

}  // namespace limbeck

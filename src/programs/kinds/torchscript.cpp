// A TorchScript file as a network: `networks: { teacher: { torchscript: model.pt } }`. It comes with weights, and so
// can teach at once; a stage that trains it starts from them.
#include "programs/program_network.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct TorchScriptOptions : ProgramOptions {
  void bind(Fields& fields) {
    ProgramOptions::bind(fields, "what torch.jit.save wrote; its weights are where training starts");
  }
};

}  // namespace

void register_torchscript(Catalogue& catalogue) {
  catalogue.add<Network, TorchScriptOptions, const TaskShape&, const InputOptions&>(
      Slot::network,
      {.name = "torchscript",
       .summary = "Any network that torch.jit.save wrote, with its weights: a teacher, a member of an ensemble, or a "
                  "student to fine-tune.",
       .source = "https://pytorch.org/docs/stable/jit.html",
       .principal = "file",
       .brings_weights = true},
      [](const TorchScriptOptions& options, const TaskShape& task, const InputOptions& input) {
        return std::make_unique<ProgramNetwork>(ProgramFormat::torchscript, options, task, input);
      });
}

}  // namespace limbeck

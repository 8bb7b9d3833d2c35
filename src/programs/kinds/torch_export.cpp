// An archive of torch.export as a network: `networks: { teacher: { torch_export: model.pt2 } }`. It is read without
// Python.
#include "programs/program_network.h"
#include "recipe/catalogue.h"

namespace limbeck {
namespace {

struct TorchExportOptions : ProgramOptions {
  void bind(Fields& fields) {
    ProgramOptions::bind(fields, "what torch.export.save wrote; its weights are where training starts");
  }
};

}  // namespace

void register_torch_export(Catalogue& catalogue) {
  catalogue.add<Network, TorchExportOptions, const TaskShape&, const InputOptions&>(
      Slot::network,
      {.name = "torch_export",
       .summary = "Any network that torch.export.save wrote, with its weights: a teacher, a member of an ensemble, or "
                  "a student to fine-tune.",
       .source = "https://pytorch.org/docs/stable/export.html",
       .principal = "file",
       .brings_weights = true},
      [](const TorchExportOptions& options, const TaskShape& task, const InputOptions& input) {
        return std::make_unique<ProgramNetwork>(ProgramFormat::torch_export, options, task, input);
      });
}

}  // namespace limbeck

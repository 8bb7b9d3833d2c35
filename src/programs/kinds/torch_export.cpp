// An archive of torch.export as a network: `networks: { teacher: { torch_export: model.pt2 } }`. It is read without
// Python.
#include "programs/program_kind.h"

namespace limbeck {
namespace {

struct TorchExportOptions : ProgramOptions {
  void bind(Fields& fields) {
    ProgramOptions::bind(fields, "what torch.export.save wrote; its weights are where training starts");
  }
};

}  // namespace

void register_torch_export(Catalogue& catalogue) {
  add_program_kind<TorchExportOptions>(
      catalogue, ProgramFormat::torch_export,
      "Any network that torch.export.save wrote, with its weights: a teacher, a member of an ensemble, or "
      "a student to fine-tune.",
      "https://pytorch.org/docs/stable/export.html");
}

}  // namespace limbeck

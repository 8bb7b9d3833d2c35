// A trained network as teacher: `teacher: NAME`, or `teacher: { network: { of: NAME, outputs: live } }`.
#include <torch/types.h>
#include <torch/utils.h>

#include "teacher/kept_outputs.h"
#include "teacher/teacher.h"

namespace limbeck {
namespace {

enum class Computed { automatic, live, kept };

struct NetworkTeacherOptions {
  std::string of;
  Computed outputs = Computed::automatic;
  void bind(Fields& fields) {
    fields.reference("of", of, "earlier stage, or network with weights, that teaches");
    fields.choice<Computed>("outputs", outputs,
                            {{"auto", Computed::automatic}, {"live", Computed::live}, {"kept", Computed::kept}},
                            "computed at every step, or once and kept; auto keeps them where nothing is augmented");
  }
};

class NetworkTeacher : public Teacher {
 public:
  NetworkTeacher(std::shared_ptr<const Network> network, const TeacherContext& context)
      : network_(std::move(network)), taps_(context.taps), precision_(context.precision) {}

  TeacherOutputs outputs(const Batch& batch) const override {
    const torch::NoGradGuard no_gradient;
    Outputs outputs = network_->forward(batch.inputs, {.taps = taps_, .precision = precision_, .prepared = &prepared_});
    return {.logits = std::move(outputs.logits), .features = std::move(outputs.features)};
  }

 private:
  std::shared_ptr<const Network> network_;
  std::vector<std::string> taps_;
  Precision precision_;
  mutable PreparedWeights prepared_;  // a teacher's weights do not change
};

std::unique_ptr<Teacher> make_network_teacher(const NetworkTeacherOptions& options, const TeacherContext& context) {
  auto live = std::make_unique<NetworkTeacher>(context.network(options.of), context);
  if (options.outputs == Computed::kept && !context.augmenter.empty())
    throw Error(ErrorKind::usage, "the teacher's outputs cannot be kept while examples are augmented; use `outputs: live` "
                                  "or `augment: none`");
  const bool keep = options.outputs == Computed::kept ||
                    (options.outputs == Computed::automatic && context.augmenter.empty() && context.taps.empty());
  if (keep) return std::make_unique<KeptOutputs>(*live, context.train);
  return live;
}

}  // namespace

void register_network(Catalogue& catalogue) {
  catalogue.add<Teacher, NetworkTeacherOptions, const TeacherContext&>(
      Slot::teacher,
      {.name = "network",
       .summary = "One trained network, in evaluation mode and without gradient.",
       .source = "Hinton et al. 2015",
       .principal = "of"},
      make_network_teacher);
}

}  // namespace limbeck

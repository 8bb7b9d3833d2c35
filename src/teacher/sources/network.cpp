// A trained network as teacher: `teacher: NAME`, or `teacher: { network: { of: NAME, outputs: live } }`. A stage that
// trained replicas is one network here, their ensemble. A teacher from the past of the same architecture
// (self-distillation), a small network that teaches a large one, a teacher that was stopped early: all are this.
#include "teacher/computed_outputs.h"
#include "teacher/network_teacher.h"

namespace limbeck {
namespace {

struct NetworkTeacherOptions : ComputedOptions {
  std::string of;
  void bind(Fields& fields) {
    fields.reference("of", of, "earlier stage, or network with weights, that teaches");
    ComputedOptions::bind(fields);
  }
};

std::unique_ptr<Teacher> make_network_teacher(const NetworkTeacherOptions& options, const TeacherContext& context) {
  const std::shared_ptr<const Network> network = network_for(options, options.of, context);
  return make_computed_teacher(teach_by(network, context), options, context,
                               fingerprint_of(*context.network(options.of)));
}

}  // namespace

void register_network(Catalogue& catalogue) {
  catalogue.add<Teacher, NetworkTeacherOptions, const TeacherContext&>(
      Slot::teacher,
      {.name = "network",
       .summary =
           "One trained network, or the ensemble of a stage's replicas, in evaluation mode and without gradient.",
       .source = "Hinton et al. 2015",
       .principal = "of"},
      make_network_teacher);
}

}  // namespace limbeck

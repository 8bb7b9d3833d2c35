// The uniform teacher: every class is as likely as any other, at every temperature. Distillation from it is label
// smoothing (Yuan et al. 2019, section 3; Müller et al. 2019).

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include "teacher/teacher.h"

namespace limbeck {
namespace {

class UniformTeacher : public Teacher {
 public:
  explicit UniformTeacher(int64_t classes) : classes_(classes) {}
  TeacherOutputs outputs(const Batch& batch) const override {
    return {.logits = at::zeros({batch.size(), classes_}, batch.inputs.options())};
  }

 private:
  int64_t classes_;
};

}  // namespace

void register_uniform(Catalogue& catalogue) {
  catalogue.add<Teacher, NoOptions, const TeacherContext&>(
      Slot::teacher,
      {.name = "uniform",
       .summary = "No network: every class is as likely as any other. Distillation from it is label smoothing.",
       .formula = "p_c = 1/C",
       .source = "Yuan et al. 2019, section 3"},
      [](const NoOptions&, const TeacherContext& context) -> std::unique_ptr<Teacher> {
        if (context.purpose == TeacherPurpose::evaluation) return nullptr;
        return std::make_unique<UniformTeacher>(context.classes);
      });
}

}  // namespace limbeck

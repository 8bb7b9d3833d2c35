// A loss of one's own: Huber's between the logits of student and teacher, which outliers pull less than a square.
//   L = mean over examples and classes of  d²/2 where |d| < δ, δ (|d| - δ/2) elsewhere,  d = z - v
// Usage: custom_loss FOLDER
#include <ATen/ops/huber_loss.h>

#include <limbeck/components.h>
#include <limbeck/loss.h>
#include <limbeck/process.h>
#include <limbeck/run.h>

#include <iostream>

namespace {

struct HuberOptions {
  double delta = 1;
  void bind(limbeck::Fields& fields) {
    fields.number("delta", delta, limbeck::above(0), "where the square ends and the line begins");
  }
};

class Huber : public limbeck::Loss {
 public:
  explicit Huber(const HuberOptions& options) : options_(options) {}

  limbeck::LossNeeds needs() const override { return {.teacher_logits = true}; }

  at::Tensor value(const limbeck::Outputs& student, const limbeck::TeacherOutputs& teacher,
                   const limbeck::Targets&) const override {
    limbeck::require_same_shape(student, teacher);
    return at::huber_loss(student.logits, teacher.logits, at::Reduction::Mean, options_.delta);
  }

 private:
  HuberOptions options_;
};

void register_huber(limbeck::Catalogue& catalogue) {
  catalogue.add<limbeck::Loss, HuberOptions>(
      limbeck::Slot::loss,
      {.name = "huber", .summary = "Huber loss between logits.", .principal = "delta", .needs_teacher = true},
      [](const HuberOptions& options) { return std::make_unique<Huber>(options); });
}

constexpr const char* kRecipe = R"(
name: huber
data: { source: { digits: { train: 4000, test: 1000 } } }
networks: { large: { mlp: [200] }, small: { mlp: [30] } }
stages:
  - { name: teacher, train: large, epochs: 6 }
  - { name: distilled, train: small, epochs: 6, teacher: teacher, loss: [ huber: { delta: 2 } ] }
)";

}  // namespace

int main(int argc, char** argv) try {
  limbeck::settle_process(argv);
  if (argc != 2) throw limbeck::Error("usage: custom_loss FOLDER");
  limbeck::add_components(register_huber);
  const limbeck::RunSummary run =
      limbeck::run_recipe({.text = kRecipe}, {.out = argv[1]}, [](const limbeck::Event& event) {
        if (const auto* epoch = std::get_if<limbeck::EpochDone>(&event))
          std::cout << epoch->stage << " " << epoch->epoch << "/" << epoch->epochs << " loss " << epoch->train.loss
                    << "\n";
      });
  for (const limbeck::StageSummary& stage : run.stages)
    std::cout << stage.name << " accuracy " << stage.number("test", "accuracy") << "\n";
} catch (const limbeck::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

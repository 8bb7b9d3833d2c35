#include <gtest/gtest.h>
#include <torch/types.h>

#include "support/small_data.h"
#include "support/temporary_folder.h"
#include "teacher/teacher.h"

namespace limbeck {
namespace {

std::unique_ptr<Teacher> make(const std::string& teacher, const std::string& augmentation) {
  const auto digits = small_digits(20, 10);
  const ExampleSet examples(digits->train, "train", *digits);
  const Augmenter augmenter({choose(Slot::augmentation, augmentation)});
  return make_teacher(choose(Slot::teacher, teacher),
                      {.network = nullptr, .examples = examples, .augmenter = augmenter, .classes = 10});
}

TEST(VirtualTeacher, RefusesMixedExamplesWhichHaveTwoLabels) {
  EXPECT_NE(message_of<Error>([] { make("virtual", "{mixup: 0.2}"); }).find("mixed examples have two"),
            std::string::npos);
  EXPECT_NE(make("virtual", "{shift: 2}"), nullptr);
  EXPECT_NE(make("uniform", "{mixup: 0.2}"), nullptr);
}

}  // namespace
}  // namespace limbeck

#include "teacher/view_accuracy.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "support/small_data.h"

namespace limbeck {
namespace {

/// Right on the pictures that it knows pixel by pixel, wrong on all others.
class ByHeart : public Teacher {
 public:
  explicit ByHeart(const ExampleSet& known) : known_(known.batch(torch::arange(known.size()))) {}

  TeacherOutputs outputs(const Batch& batch) const override {
    if (batch.size() == 0) throw Error("there is nothing to look at");
    torch::Tensor logits = torch::zeros({batch.size(), 10});
    for (int64_t i = 0; i < batch.size(); ++i) {
      const bool known = known_.inputs[batch.ids[i].item<int64_t>()].equal(batch.inputs[i]);
      logits[i][(batch.labels[i].item<int64_t>() + (known ? 0 : 1)) % 10] = 1;
    }
    return {.logits = logits};
  }

 private:
  Batch known_;
};

TEST(ViewAccuracy, TellsHowManyAreLostInViews) {
  const std::unique_ptr<Dataset> digits = small_digits(120, 10);
  const ExampleSet train(digits->train, "train", *digits);
  const Augmenter shifted({choose(Slot::augmentation, "{shift: 4}")}),
      mixed({choose(Slot::augmentation, "{mixup: 1}")}), none;
  const ByHeart teacher(train);
  const ViewAccuracy found = view_accuracy(teacher, train, shifted, 1);
  EXPECT_EQ(found.examples, 120);
  EXPECT_EQ(found.right, 120);
  EXPECT_LT(found.right_in_views, 12);  // one view of 81 is the picture itself
  EXPECT_TRUE(found.fears_views());
  EXPECT_FALSE(view_accuracy(teacher, train, none, 1).fears_views());
  EXPECT_EQ(view_accuracy(teacher, train, mixed, 1).examples, 0);
  const ExampleSet unlabelled = train.with_labels(torch::full({120}, -1, torch::kInt64));
  EXPECT_EQ(view_accuracy(teacher, unlabelled, shifted, 1).examples, 0);
}

TEST(ViewAccuracy, ATenthIsNotMuch) {
  EXPECT_FALSE((ViewAccuracy{.examples = 500, .right = 450, .right_in_views = 400}).fears_views());
  EXPECT_TRUE((ViewAccuracy{.examples = 500, .right = 450, .right_in_views = 399}).fears_views());
  EXPECT_FALSE((ViewAccuracy{.examples = 8, .right = 5, .right_in_views = 2}).fears_views());  // by chance
  EXPECT_FALSE(ViewAccuracy{}.fears_views());
}

}  // namespace
}  // namespace limbeck

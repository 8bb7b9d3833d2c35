// Features of a teacher that are kept beside its logits.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "models/model.h"
#include "nn/weights.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"
#include "teacher/computed_outputs.h"
#include "teacher/stored_views.h"
#include "teacher/teacher_store.h"

namespace limbeck {
namespace {

using Taps = std::vector<std::string>;
using Shapes = std::map<std::string, Shape>;

const Shape kLayer1 = {16, 28, 28}, kLayer3 = {64, 7, 7};

class KeptFeatures : public TemporaryFolder {
 protected:
  std::string stored(const std::string& options = ", views: 2") const { return ", store: '" + path() + "'" + options; }
  std::string path() const { return (folder / "s.safetensors").string(); }

  TeacherContext context(const Augmenter& augmenter, const Taps& taps) const {
    return {.network = [this](const std::string&) { return network; },
            .examples = train,
            .augmenter = augmenter,
            .classes = 10,
            .seed = 5,
            .taps = taps,
            .view_seed = 5};
  }
  static Choice choice(const std::string& options, const std::string& of = "network: {of: t") {
    return choose(Slot::teacher, "{" + of + options + "}}");
  }
  std::unique_ptr<Teacher> teacher(const std::string& options, const Augmenter& augmenter, const Taps& taps) const {
    return make_teacher(choice(options), context(augmenter, taps));
  }
  TeacherOutputs live(const Batch& batch) const {
    return teacher(", outputs: live", none, {"layer1", "layer3", "pool"})->outputs(batch);
  }
  Batch batch_of(int64_t epoch, const Augmenter& augmenter) const {
    return train.batch(torch::arange(train.size()), augmenter, 5, epoch);
  }
  /// Fills the whole store.
  void fill(const std::string& options, const Taps& taps) const {
    dynamic_cast<StoredViews&>(*teacher(options, crop, taps)).fill([](int64_t, int64_t) { return true; });
  }
  Error refusal(const std::string& options, const Augmenter& augmenter, const Taps& taps) const {
    try {
      teacher(options, augmenter, taps);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "no error was thrown";
    return Error("");
  }

  std::unique_ptr<Dataset> digits = small_digits(40, 10);
  ExampleSet train{digits->train, "train", *digits};
  std::shared_ptr<Network> network = make_network(choose(Slot::network, "resnet8"), *digits, 1);
  Augmenter none;
  Augmenter crop{{choose(Slot::augmentation, "{crop: 1}"), choose(Slot::augmentation, "{flip: true}")}};  // 18 views
};

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(KeptFeatures, AreTheBitsOfTheLiveTeacherInEachView) {
  const Taps taps = {"layer3", "pool"};
  for (const std::string& options : Taps{", outputs: kept", ", views: 2", stored(), stored("")}) {
    fs::remove(path());
    const auto kept = teacher(options, crop, taps);
    for (const int64_t epoch : {0, 1, 0}) {
      const Batch batch = batch_of(epoch, crop);
      const TeacherOutputs found = kept->outputs(batch), expected = live(batch);
      ASSERT_EQ(found.features.size(), 2U) << options;
      for (const std::string& tap : taps)
        EXPECT_TRUE(found.features.at(tap).equal(expected.features.at(tap))) << options << " " << tap << " " << epoch;
      EXPECT_TRUE(found.logits.equal(expected.logits)) << options;
      EXPECT_FALSE(found.features.at("layer3").requires_grad());
    }
    const TeacherOutputs part = kept->outputs(train.batch(torch::tensor({39, 3, 17}), crop, 5, 1));
    EXPECT_TRUE(part.features.at("layer3").equal(
        live(batch_of(1, crop)).features.at("layer3").index_select(0, torch::tensor({39, 3, 17}))));
  }
}

TEST_F(KeptFeatures, AreThoseOfTheExamplesAsTheyAreWithoutAugmentation) {
  const Batch batch = train.batch(torch::arange(train.size()));
  const TeacherOutputs expected = live(batch);
  for (const std::string& options : Taps{", outputs: kept", stored("")}) {
    const auto kept = teacher(options, none, {"layer1"});
    EXPECT_TRUE(kept->outputs(batch).features.at("layer1").equal(expected.features.at("layer1"))) << options;
    const torch::Tensor rows = torch::tensor({30, 2, 2});
    EXPECT_TRUE(kept->outputs(train.batch(rows))
                    .features.at("layer1")
                    .equal(expected.features.at("layer1").index_select(0, rows)))
        << options;
  }
}

TEST_F(KeptFeatures, OfOtherNamesAreOtherOutputsInMemory) {
  const Batch batch = train.batch(torch::arange(4));
  const auto first = teacher(", outputs: kept", none, {"layer1"}), logits = teacher("", none, {}),
             second = teacher(", outputs: kept", none, {"layer3"});
  EXPECT_EQ(first->outputs(batch).features.count("layer1"), 1U);
  EXPECT_EQ(logits->outputs(batch).features.size(), 0U);
  EXPECT_EQ(second->outputs(batch).features.size(), 1U);
  EXPECT_EQ(second->outputs(batch).features.at("layer3").sizes(), (std::vector<int64_t>{4, 64, 7, 7}));
}

TEST_F(KeptFeatures, AreKeptOnlyWhereTheRecipeAsksForIt) {
  EXPECT_EQ(dynamic_cast<KeptOutputs*>(teacher("", none, {"layer1"}).get()), nullptr);
  EXPECT_NE(dynamic_cast<KeptOutputs*>(teacher("", none, {}).get()), nullptr);
  EXPECT_NE(dynamic_cast<KeptOutputs*>(teacher(", outputs: kept", none, {"layer1"}).get()), nullptr);
}

TEST_F(KeptFeatures, InHalfPrecisionAreRounded) {
  for (const std::string& options : Taps{", outputs: kept, type: float16", stored(", type: float16, views: 2")}) {
    const auto kept = teacher(options, crop, {"layer1"});
    const Batch batch = batch_of(0, crop);
    const torch::Tensor expected = live(batch).features.at("layer1"),
                        found = kept->outputs(batch).features.at("layer1");
    EXPECT_TRUE(found.equal(expected.to(torch::kFloat16).to(torch::kFloat32))) << options;
    EXPECT_FALSE(found.equal(expected)) << options;
  }
}

TEST_F(KeptFeatures, ThatHalfPrecisionCannotHoldAreRefused) {
  const torch::NoGradGuard no_gradient;
  for (const Parameter& parameter : network->parameters())
    if (parameter.name == "fc.weight") parameter.value.mul_(1e-6);  // logits remain small
  for (Parameter parameter : network->parameters())
    if (parameter.name.starts_with("layer3") && parameter.name.ends_with("weight")) parameter.value.mul_(1e3);
  const auto kept = teacher(", outputs: kept, type: float16", crop, {"layer3"});
  const std::string message = message_of<Error>([&] { kept->outputs(batch_of(0, crop)); });
  EXPECT_TRUE(holds(message, "numbers of the feature 'layer3' are larger than float16 can hold")) << message;
  EXPECT_EQ(dynamic_cast<StoredViews&>(*kept).store().filled(), 0);
}

TEST_F(KeptFeatures, AreWholeBesideTheLargestLogits) {
  const auto kept = teacher(stored(", views: 2, top: 3"), crop, {"layer3"});
  const Batch batch = batch_of(1, crop);
  for (int pass = 0; pass < 2; ++pass)
    EXPECT_TRUE(kept->outputs(batch).features.at("layer3").equal(live(batch).features.at("layer3")));
  EXPECT_EQ(read_store_info(path()).layout.top, 3);
}

TEST_F(KeptFeatures, OfAFileAreReadWhereTheyAreNeeded) {
  fill(stored(), {"layer1", "layer3"});
  const StoreInfo info = read_store_info(path());
  EXPECT_EQ(info.layout.features, (Shapes{{"layer1", kLayer1}, {"layer3", kLayer3}}));
  EXPECT_TRUE(info.sealed);
  EXPECT_EQ(info.layout.example_bytes(), 2 * (8 + 4 * (10 + 16 * 28 * 28 + 64 * 7 * 7)));
  EXPECT_EQ(load_tensors(path()).tensors.at("feature.layer3").sizes(), (std::vector<int64_t>{40, 2, 64, 7, 7}));
  const Batch batch = batch_of(1, crop);
  for (const Taps& taps : std::vector<Taps>{{"layer3"}, {}}) {
    const auto kept = teacher(stored(), crop, taps);
    const torch::NoGradGuard no_gradient;
    const TeacherOutputs found = kept->outputs(batch);
    EXPECT_EQ(found.features.size(), taps.size());
    EXPECT_LT(dynamic_cast<StoredViews&>(*kept).compare(80, 1).difference, 1e-5);
    for (const std::string& tap : taps)
      EXPECT_TRUE(found.features.at(tap).allclose(live(batch).features.at(tap), 1e-5, 1e-5));
  }
}

TEST_F(KeptFeatures, OfAFileAreAllFilledByWhoeverFillsIt) {
  const std::string inner = "layer2.0.conv1";  // in a pass without it, its batch norm is part of its weights
  for (Parameter statistic : network->buffers()) statistic.value.mul_(4);  // of which the norm is no identity
  teacher(stored(), crop, {inner, "layer3"})->outputs(batch_of(0, crop));
  teacher(stored(), crop, {"layer3"})->outputs(batch_of(1, crop));
  EXPECT_TRUE(read_store_info(path()).sealed);
  const auto kept = teacher(stored(), crop, {inner}), asked = teacher(", outputs: live", crop, {inner});
  for (const int64_t epoch : {0, 1}) {
    const Batch batch = batch_of(epoch, crop);
    const TeacherOutputs found = kept->outputs(batch);
    EXPECT_EQ(found.features.size(), 1U);
    EXPECT_TRUE(found.features.at(inner).allclose(asked->outputs(batch).features.at(inner), 1e-5, 1e-5)) << epoch;
  }
}

TEST_F(KeptFeatures, ThatAFileLacksAreAClearError) {
  const auto expect_refused = [&](const std::string& what) {
    const Error error = refusal(stored(), crop, {"layer1"});
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_TRUE(holds(error.what(), path() + "' holds " + what + " of the teacher, and the feature 'layer1' is needed"))
        << error.what();
    EXPECT_TRUE(holds(error.what(), "name another file")) << error.what();
    EXPECT_TRUE(holds(error.what(), "`outputs: live`")) << error.what();
    const std::string before = message_of<Error>([&] {
      check_store(choice(stored()), context(crop, {"layer1"}), {{"layer1", kLayer1}});
    });
    EXPECT_EQ(before, error.what());
  };
  fill(stored(), {"layer3"});
  expect_refused("the features 'layer3'");
  EXPECT_NO_THROW(check_store(choice(stored()), context(crop, {"layer3"}), {{"layer3", kLayer3}}));
  fs::remove(path());
  fill(stored(), {});
  expect_refused("no features");
  EXPECT_NO_THROW(teacher(stored(), crop, {}));
}

TEST_F(KeptFeatures, ThatAreDamagedAreNoticed) {
  fill(stored(), {"layer3"});
  const std::string whole = read_file(path());
  std::string bytes = whole;
  bytes[bytes.size() / 2] ^= 1;  // features are most of the file
  write_file(path(), bytes);
  EXPECT_TRUE(holds(refusal(stored(), crop, {"layer3"}).what(), "does not match its checksum"));
  write_file(path(), whole);
  const LoadedTensors loaded = load_tensors(path());
  const torch::Tensor feature = loaded.tensors.at("feature.layer3");
  for (const torch::Tensor& wrong : {feature.slice(1, 0, 1), feature.slice(0, 0, 39), feature.to(torch::kFloat16),
                                     feature.flatten(2).slice(2, 0, 9), torch::zeros({})}) {
    TensorMap tensors = loaded.tensors;
    tensors["feature.layer3"] = wrong.contiguous();
    save_tensors(path(), tensors, loaded.metadata);
    const Error error = refusal(stored(), crop, {"layer3"});
    EXPECT_TRUE(holds(error.what(), "'feature.layer3' is not there or does not fit") ||
                holds(error.what(), "in another form"))
        << error.what();
  }
  TensorMap tensors = loaded.tensors;
  tensors["feature.layer3"] = torch::zeros({40, 2});  // numbers, where pictures are needed
  save_tensors(path(), tensors, loaded.metadata);
  EXPECT_TRUE(holds(refusal(stored(), crop, {"layer3"}).what(), "its 'layer3' is different"));
}

TEST_F(KeptFeatures, ThatChangedAreSeenByComparing) {
  TeacherStore table =
      TeacherStore::in_memory({.slots = 2, .classes = 10, .features = {{"layer3", kLayer3}}}, train.ids());
  StoredViews kept(teacher(", outputs: live", crop, {"layer3"}), table, train, crop, 5, 2);
  kept.fill([](int64_t, int64_t) { return true; });
  EXPECT_LT(kept.compare(80, 1).difference, 1e-5);
  const torch::Tensor rows = torch::arange(train.size()), slots = torch::zeros_like(rows);
  TeacherOutputs outputs = table.read(rows, slots);
  outputs.features["layer3"] *= 1.1;
  table.write(rows, slots, table.views().select(1, 0) - 1, outputs);
  EXPECT_GT(kept.compare(80, 1).difference, 0.01);
  EXPECT_EQ(kept.compare(80, 1).agreement, 1);
  outputs.features.clear();
  EXPECT_TRUE(holds(message_of<Error>([&] { table.write(rows, slots, rows, outputs); }), "no feature 'layer3'"));
}

TEST_F(KeptFeatures, AreCountedBeforeWork) {
  const Shapes none_read, features = {{"layer1", kLayer1}, {"layer3", kLayer3}};
  const auto size = [&](const std::string& options, const Augmenter& augmenter, const Shapes& read) {
    return kept_size(choice(options), context(augmenter, {}), read);
  };
  const double logits = 40 * (8 + 4 * 10), with_features = logits + 40 * 4 * (16 * 28 * 28 + 64 * 7 * 7);
  EXPECT_EQ(size("", none, none_read).memory, logits);
  EXPECT_EQ(size("", none, features).memory, 0);  // live
  EXPECT_EQ(size("", crop, none_read).memory, 0);
  const KeptSize kept = size(", outputs: kept", none, features);
  EXPECT_EQ(kept.memory, with_features);
  EXPECT_EQ(kept.epoch, 0);
  EXPECT_NEAR(kept.features, 1 - logits / with_features, 1e-12);
  EXPECT_EQ(size(", views: 3", crop, features).memory, 3 * with_features);
  EXPECT_EQ(size(", views: 3", crop, features).epoch, with_features);
  EXPECT_EQ(size(", outputs: kept", crop, features).memory, 18 * with_features);
  EXPECT_EQ(size(stored(), crop, features).memory, 0);
  EXPECT_EQ(size(stored(), crop, features).file, 2 * with_features + 40 * 8);
  fill(stored(), {"layer1", "layer3"});
  EXPECT_NEAR(static_cast<double>(fs::file_size(path())), 2 * with_features + 40 * 8, 2000);  // a header is before them
  EXPECT_EQ(size(stored(), crop, features).file, 0);

  EXPECT_EQ(new_store(choice(stored()), 5), fs::path());

  fs::remove(path());
  EXPECT_EQ(new_store(choice(stored()), 5), fs::path(path()));
  const std::string message = message_of<Error>([&] {
    check_store(choice(stored()), context(crop, {}), {{"huge", {int64_t{1} << 30, int64_t{1} << 10}}});
  });
  EXPECT_TRUE(holds(message, "100 % of it for features")) << message;
  EXPECT_TRUE(holds(message, "GB are free there")) << message;
}

TEST_F(KeptFeatures, OfAnEnsembleAreRefused) {
  EXPECT_TRUE(holds(message_of<Error>([&] {
                      make_teacher(choice("outputs: kept", "ensemble: {of: [t, u], "), context(crop, {"layer3"}));
                    }),
                    "an ensemble has no features of its own"));
}

}  // namespace
}  // namespace limbeck

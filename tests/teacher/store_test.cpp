// Stored teacher outputs stay true under augmentation.
#include "teacher/teacher_store.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <unistd.h>

#include "models/model.h"
#include "nn/weights.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"
#include "teacher/computed_outputs.h"
#include "teacher/stored_views.h"

namespace limbeck {
namespace {

class Store : public TemporaryFolder {
 protected:
  std::string path(const std::string& name = "s.safetensors") const { return (folder / name).string(); }

  std::unique_ptr<Teacher> teacher(const std::string& options, const Augmenter& augmenter, uint64_t seed = 5,
                                   const std::string& of = "network: {of: t") {
    return make_teacher(choose(Slot::teacher, "{" + of + options + "}}"),
                        {.network = [this](const std::string& name) { return name == "u" ? other : network; },
                         .examples = train,
                         .augmenter = augmenter,
                         .classes = 10,
                         .seed = seed,
                         .view_seed = seed});
  }
  std::string refusal(const std::string& options, const Augmenter& augmenter, uint64_t seed = 5) {
    return message_of<Error>([&] { teacher(options, augmenter, seed); });
  }
  std::shared_ptr<Network> make(uint64_t seed) const {
    const auto made = make_network(choose(Slot::network, "{mlp: [20]}"), *digits, seed);
    const torch::NoGradGuard no_gradient;
    for (Parameter parameter : made->parameters()) parameter.value.mul_(4);
    return made;
  }
  torch::Tensor live(const Batch& batch, const std::shared_ptr<Network>& of) const {
    const torch::NoGradGuard no_gradient;
    return of->forward(batch.inputs, {}).logits;
  }
  Batch batch_of(int64_t epoch, const Augmenter& augmenter) const {
    return train.batch(torch::arange(3, 47), augmenter, 5, epoch);
  }

  std::unique_ptr<Dataset> digits = small_digits(60, 10);
  ExampleSet train{digits->train, "train", *digits};
  std::shared_ptr<Network> network = make(1), other = make(2);
  Augmenter none;
  Augmenter crop{{choose(Slot::augmentation, "{crop: 1}"), choose(Slot::augmentation, "{flip: true}")}};  // 18 views
};

TEST_F(Store, GivesOfEachViewWhatTheTeacherSaysOfIt) {
  for (const std::string& options :
       std::vector<std::string>{", outputs: kept", ", views: 3", ", store: '" + path() + "'"}) {
    const auto stored = teacher(options, crop);
    for (const int64_t epoch : {0, 1, 2, 0, 1, 2}) {
      const Batch batch = batch_of(epoch, crop);
      EXPECT_TRUE(stored->outputs(batch).logits.allclose(live(batch, network), 1e-5, 1e-5))
          << options << ", epoch " << epoch;
    }
    // The views matter: of the images as they are the teacher says something else.
    EXPECT_FALSE(stored->outputs(batch_of(0, crop))
                     .logits.allclose(live(train.batch(torch::arange(3, 47)), network), 1e-2, 1e-2));
  }
}

TEST_F(Store, FixedOutputsAreThoseOfTheImagesWithoutAugmentation) {
  const auto fixed = teacher(", outputs: fixed", crop);
  const torch::Tensor expected = live(train.batch(torch::arange(3, 47)), network);
  for (const int64_t epoch : {0, 1}) {
    const Batch batch = batch_of(epoch, crop);
    EXPECT_TRUE(fixed->outputs(batch).logits.allclose(expected, 1e-5, 1e-5)) << epoch;
    EXPECT_FALSE(live(batch, network).allclose(expected, 1e-2, 1e-2)) << epoch;
  }
  const Augmenter many({choose(Slot::augmentation, "{crop: 40}")});
  EXPECT_NO_THROW(teacher(", outputs: fixed", many));  // one output of each example, however many views there are
  const std::map<std::string, Shape> no_features;
  const TeacherContext context{.network = {}, .examples = train, .augmenter = many, .classes = 10};
  const Choice choice = choose(Slot::teacher, "{network: {of: t, outputs: fixed}}");
  const KeptSize size = kept_size(choice, context, no_features);
  EXPECT_EQ(size.memory, kept_size(choose(Slot::teacher, "{network: {of: t, views: 1}}"), context, no_features).memory);
  EXPECT_EQ(size.epoch, 0);
  EXPECT_NO_THROW(check_store(choice, context, no_features));
  EXPECT_NE(message_of<Error>([&] {
              check_store(choice, context, {{"relu1", {20}}});
            }).find("in other places"),
            std::string::npos);
  EXPECT_NE(refusal(", outputs: fixed", Augmenter({choose(Slot::augmentation, "{mixup: 0.2}")})).find("mixup"),
            std::string::npos);
  EXPECT_NE(refusal(", outputs: fixed, views: 2", crop).find("leave 'store'"), std::string::npos);
}

TEST_F(Store, IsReadTheSecondTimeAndNotComputed) {
  const auto stored = teacher(", views: 2", crop);
  const Batch batch = batch_of(1, crop);
  const torch::Tensor first = stored->outputs(batch).logits.clone();
  const torch::NoGradGuard no_gradient;
  for (Parameter parameter : network->parameters()) parameter.value.zero_();
  EXPECT_TRUE(stored->outputs(batch).logits.equal(first));
  EXPECT_TRUE(
      stored->outputs(batch_of(0, crop)).logits.eq(0).all().item<bool>());  // not yet stored: the teacher is asked
}

TEST_F(Store, IsFilledAndGoesOnWhereItStopped) {
  const std::string options = ", store: '" + path() + "'";
  {
    const auto stored = teacher(options, crop);
    int64_t told = 0;
    dynamic_cast<StoredViews&>(*stored).fill([&](int64_t, int64_t) { return ++told < 3; });
    EXPECT_EQ(told, 3);
  }
  const StoreInfo stopped = read_store_info(path());
  EXPECT_EQ(stopped.filled, 3 * 60);
  EXPECT_EQ(stopped.layout.slots, 18);
  const auto again = teacher(options, crop);
  auto& store = dynamic_cast<StoredViews&>(*again);
  EXPECT_EQ(store.store().filled(), 3 * 60);
  store.fill([](int64_t, int64_t) { return true; });
  EXPECT_EQ(read_store_info(path()).filled, 18 * 60);
  EXPECT_LT(store.compare(500, 1).difference, 1e-5);
  EXPECT_EQ(store.compare(500, 1).agreement, 1);
  // A finished file has a checksum, and any reader of safetensors reads it.
  EXPECT_EQ(load_tensors(path()).tensors.at("logits").sizes(), (std::vector<int64_t>{60, 18, 10}));
  std::string bytes = read_file(path());
  bytes[bytes.size() - 60 * 18 * 8 - 100] ^= 1;
  write_file(path(), bytes);
  EXPECT_NE(refusal(options, crop).find("damaged"), std::string::npos);
}

TEST_F(Store, InHalfPrecisionIsTrueToItsRounding) {
  const auto stored = teacher(", outputs: kept, type: float16", crop);
  const Batch batch = batch_of(0, crop);
  const torch::Tensor oracle = live(batch, network), found = stored->outputs(batch).logits;
  EXPECT_TRUE(found.equal(oracle.to(torch::kFloat16).to(torch::kFloat32)) || found.allclose(oracle, 1e-3, 1e-3));
  EXPECT_FALSE(found.equal(oracle));
}

TEST_F(Store, InHalfPrecisionRefusesWhatItCannotHold) {
  const torch::NoGradGuard no_gradient;
  for (Parameter parameter : network->parameters()) parameter.value.mul_(1e4);
  const auto stored = teacher(", outputs: kept, type: float16", crop);
  EXPECT_NE(message_of<Error>([&] { stored->outputs(batch_of(0, crop)); }).find("larger than float16 can hold"),
            std::string::npos);
  EXPECT_NO_THROW(teacher(", outputs: kept", crop)->outputs(batch_of(0, crop)));
}

TEST_F(Store, IsComparedInItsOwnForm) {
  for (const StoreLayout& layout :
       {StoreLayout{.slots = 2, .classes = 10, .top = 3}, StoreLayout{.slots = 2, .classes = 10, .top = 10},
        StoreLayout{.slots = 2, .classes = 10, .type = torch::kFloat16}, StoreLayout{.slots = 2, .classes = 10}}) {
    TeacherStore table = TeacherStore::in_memory(layout, train.ids());
    StoredViews stored(teacher("", crop), table, train, crop, 5, 2);
    stored.fill([](int64_t, int64_t) { return true; });
    EXPECT_LT(stored.compare(200, 1).difference, layout.type == torch::kFloat16 ? 1e-3 : 1e-5) << layout.top;
    const torch::Tensor rows = torch::arange(train.size()), slots = torch::zeros_like(rows);
    table.write(rows, slots, table.views().select(1, 0) - 1, {.logits = table.read(rows, slots).logits * 1.1});
    const StoredViews::Comparison wrong = stored.compare(200, 1);
    EXPECT_EQ(wrong.agreement, 1) << layout.top;
    EXPECT_GT(wrong.difference, 0.01) << layout.top;
  }
}

TEST_F(Store, ThatIsFullIsReadWhereItMayNotBeWritten) {
  const std::string options = ", store: '" + path() + "', views: 2";
  const Batch batch = batch_of(1, crop);
  const torch::Tensor first = teacher(options, crop)->outputs(batch).logits;
  fs::permissions(path(), fs::perms::owner_read);
  if (::access(path().c_str(), W_OK) != 0) {  // whoever runs the tests as root may write anything
    EXPECT_NE(refusal(options, crop).find("is not full yet and may not be written"), std::string::npos);
  }
  fs::permissions(path(), fs::perms::owner_all);
  dynamic_cast<StoredViews&>(*teacher(options, crop)).fill([](int64_t, int64_t) { return true; });
  fs::permissions(path(), fs::perms::owner_read);
  EXPECT_TRUE(teacher(options, crop)->outputs(batch).logits.equal(first));
}

TEST_F(Store, ThatIsNotFullAndDamagedIsNoticed) {
  const std::string options = ", store: '" + path() + "', views: 2, top: 3";
  const Batch batch = batch_of(0, crop);
  teacher(options, crop)->outputs(batch);
  const StoreInfo info = read_store_info(path());
  EXPECT_EQ(info.filled, 44);
  std::string bytes = read_file(path());
  const size_t header = bytes.size() - static_cast<size_t>(train.size() * (8 + info.layout.example_bytes()));
  const auto of_classes = static_cast<size_t>(train.size() * 2 * 3 * 2);  // I16 [n, S, K], the first of the tensors
  for (size_t at = header; at < header + of_classes; ++at) bytes[at] = '\x7f';
  write_file(path(), bytes);
  EXPECT_NE(message_of<Error>([&] {
              teacher(options, crop)->outputs(batch);
            }).find(path() + "' is damaged: it names classes"),
            std::string::npos);
}

TEST_F(Store, IsCheckedBeforeItsTeacherIsThere) {
  const auto problem = [&](const std::string& options, const Augmenter& augmenter) -> std::string {
    try {
      check_store(
          choose(Slot::teacher, "{network: {of: t" + options + "}}"),
          {.network = nullptr, .examples = train, .augmenter = augmenter, .classes = 10, .seed = 5, .view_seed = 5},
          {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string options = ", store: '" + path("new/s.safetensors") + "', views: 2";
  EXPECT_EQ(problem(options, crop), "");  // and its folder is made
  teacher(options, crop);
  EXPECT_EQ(problem(options, crop), "");
  EXPECT_NE(problem(", outputs: kept, top: 20", crop).find("top: 20 logits of 10 classes"), std::string::npos);
  EXPECT_NE(problem(options + ", type: float16", crop).find("another form"), std::string::npos);
  EXPECT_NE(problem(options, none).find("on other views"), std::string::npos);
  write_file(path("new/s.safetensors"), "something else");
  EXPECT_NE(problem(options, crop).find("is not a valid safetensors file"), std::string::npos);
  EXPECT_NE(problem(", store: '" + path("new") + "', views: 2", crop), "");  // a folder
}

TEST_F(Store, OfTheLargestLogitsSpreadsTheRestEvenly) {
  const auto stored = teacher(", outputs: kept, top: 3", crop);
  const Batch batch = batch_of(0, crop);
  const torch::Tensor oracle = torch::softmax(live(batch, network), 1),
                      found = torch::softmax(stored->outputs(batch).logits, 1);
  const auto [largest, classes] = oracle.topk(3, 1);
  EXPECT_TRUE(found.gather(1, classes).allclose(largest, 1e-4, 1e-6));
  EXPECT_TRUE(std::get<0>(torch::sort(found.scatter(1, classes, -1), 1))
                  .slice(1, 3)
                  .allclose(((1 - largest.sum(1, true)) / 7).expand({-1, 7}), 1e-4, 1e-6));
  const auto all = teacher(", outputs: kept, top: 10", crop);
  EXPECT_TRUE(all->outputs(batch).logits.allclose(live(batch, network), 1e-5, 1e-5));
}

TEST_F(Store, OfAnArithmeticEnsembleKeepsItsMembers) {
  const std::string ensemble = "ensemble: {of: [t, u], mean: arithmetic";
  const auto stored = teacher(", store: '" + path() + "'", crop, 5, ensemble), asked = teacher("", crop, 5, ensemble);
  const Batch batch = batch_of(0, crop);
  for (int pass = 0; pass < 2; ++pass)
    EXPECT_TRUE(
        stored->outputs(batch).log_probabilities(4).allclose(asked->outputs(batch).log_probabilities(4), 1e-5, 1e-5));
}

TEST_F(Store, IsRefusedForOtherViewsSeedsFormsAndTeachers) {
  const std::string options = ", store: '" + path() + "', views: 4";
  teacher(options, crop);
  EXPECT_NO_THROW(teacher(options, crop));
  EXPECT_NE(refusal(options, crop, 6).find("the teacher on other views"), std::string::npos);
  EXPECT_NE(refusal(options, Augmenter({choose(Slot::augmentation, "{crop: 1}")})).find("the teacher on other views"),
            std::string::npos);
  EXPECT_NE(refusal(", store: '" + path() + "', views: 5", crop).find("other views"), std::string::npos);
  EXPECT_NE(refusal(options + ", type: float16", crop).find("another form"), std::string::npos);
  network = other;
  EXPECT_NE(refusal(options, crop).find("another teacher"), std::string::npos);
  fs::resize_file(path(), fs::file_size(path()) - 1);
  EXPECT_NE(refusal(options, crop), "");
}

TEST_F(Store, OfTooManyViewsOrOfPairsIsRefusedBeforeWork) {
  const Augmenter many({choose(Slot::augmentation, "{crop: 40}")});
  EXPECT_NE(refusal(", outputs: kept", many).find("views: 20"), std::string::npos);
  EXPECT_NO_THROW(teacher(", views: 2", many));
  const Augmenter pairs({choose(Slot::augmentation, "{mixup: 0.2}")});
  EXPECT_NE(refusal(", outputs: kept", pairs).find("mixup"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              check_keeping(choose(Slot::teacher, "{network: {of: t, views: 3}}"), pairs);
            }).find("mixup"),
            std::string::npos);
}

TEST_F(Store, LeavesStatisticsOfTheImagesAsTheyAreToTheTeacherItself) {
  const auto stored = teacher(", views: 2", crop);
  const auto asked = teacher("", none);
  EXPECT_TRUE(statistics_of(*stored, train).deviation.allclose(statistics_of(*asked, train).deviation));
  EXPECT_EQ(dynamic_cast<StoredViews&>(*stored).store().filled(), 0);
  EXPECT_NO_THROW(stored->outputs(batch_of(0, crop)));
}

TEST_F(Store, InfoRefusesTensorsThatDoNotFit) {
  teacher(", top: 3, store: '" + path() + "'", crop);
  EXPECT_EQ(read_store_info(path()).layout.classes, 10);
  LoadedTensors loaded = load_tensors(path());
  loaded.tensors["views"] = torch::zeros({60, 18}, torch::kUInt8);
  save_tensors(path(), loaded.tensors, loaded.metadata);
  EXPECT_NE(message_of<Error>([&] { read_store_info(path()); }).find("'views'"), std::string::npos);
  loaded.tensors = {{"classes", torch::zeros({60, 18, 3}, torch::kInt16)}};
  save_tensors(path(), loaded.tensors, loaded.metadata);
  EXPECT_THROW(read_store_info(path()), Error);
}

TEST_F(Store, WithFurtherTensorsIsRefused) {
  const std::string options = ", store: '" + path() + "', views: 2";
  teacher(options, crop);
  LoadedTensors loaded = load_tensors(path());
  loaded.tensors["zz"] = torch::zeros({2});
  save_tensors(path(), loaded.tensors, loaded.metadata);
  EXPECT_NE(refusal(options, crop).find("further tensors"), std::string::npos);
}

TEST_F(Store, IsFilledByOneProcessAtATime) {
  const auto first = teacher(", store: '" + path() + "'", crop);
  EXPECT_NE(refusal(", store: '" + path() + "'", crop).find("is being filled by another process"), std::string::npos);
}

TEST_F(Store, IsSealedByTheLastOutputAndThenSharedByAll) {
  const std::string options = ", views: 2, store: '" + path() + "'";
  const auto first = teacher(options, crop);
  for (const int64_t epoch : {0, 1}) first->outputs(train.batch(torch::arange(60), crop, 5, epoch));
  EXPECT_EQ(read_store_info(path()).filled, 120);
  const auto second = teacher(options, crop);  // beside the first
  EXPECT_TRUE(second->outputs(batch_of(1, crop)).logits.equal(first->outputs(batch_of(1, crop)).logits));
  std::string bytes = read_file(path());
  bytes[bytes.size() - 1] ^= 1;
  write_file(path(), bytes);
  EXPECT_NE(refusal(options, crop).find("checksum"), std::string::npos);
}

TEST_F(Store, NoticesViewsThatAreNotItsOwn) {
  const auto stored = teacher(", views: 2", crop);
  stored->outputs(batch_of(0, crop));
  Batch batch = batch_of(0, crop);
  batch.views = batch.views + 1;
  EXPECT_THROW(stored->outputs(batch), Error);
  EXPECT_THROW(stored->outputs(batch_of(2, crop)), Error);  // drawing 2 of 0 and 1
}

}  // namespace
}  // namespace limbeck

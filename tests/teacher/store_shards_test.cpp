// Stores of several files: filled side by side, joined, refused where a part is missing or is another's.
#include "teacher/store_shards.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/json.h"
#include "models/model.h"
#include "nn/weights.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"
#include "teacher/computed_outputs.h"
#include "teacher/stored_views.h"

namespace limbeck {
namespace {

class StoreShards : public TemporaryFolder {
 protected:
  fs::path path(const std::string& name = "s.safetensors") const { return folder / name; }

  std::unique_ptr<Teacher> teacher(const std::string& choice, const Augmenter& augmenter,
                                   const std::optional<StoreShard>& shard = std::nullopt) {
    return make_teacher(choose(Slot::teacher, choice), {.network = [this](const std::string&) { return network; },
                                                        .examples = train,
                                                        .augmenter = augmenter,
                                                        .classes = 10,
                                                        .seed = 5,
                                                        .view_seed = 5,
                                                        .shard = shard,
                                                        .fills_at_once = false});
  }
  std::string with_store(const std::string& options = "", const std::string& name = "s.safetensors") const {
    return "{network: {of: t, store: '" + path(name).string() + "'" + options + "}}";
  }
  std::string stored(const fs::path& file) const {
    return "{stored: {file: '" + file.string() + "', check_labels: false}}";
  }
  void fill(const StoreShard& shard, const std::string& options = "") {
    const auto part = teacher(with_store(options), crop, shard);
    dynamic_cast<StoredViews&>(*part).fill([](int64_t, int64_t) { return true; });
  }
  std::string refusal(const std::function<void()>& act) const { return message_of<Error>(act); }

  std::unique_ptr<Dataset> digits = small_digits(61, 10);
  ExampleSet train{digits->train, "train", *digits};
  std::shared_ptr<Network> network = make_network(choose(Slot::network, "{mlp: [20]}"), *digits, 1);
  Augmenter none;
  Augmenter crop{{choose(Slot::augmentation, "{crop: 1}"), choose(Slot::augmentation, "{flip: true}")}};  // 18 views
};

TEST(StoreShard, HasItsPartOfTheExamples) {
  for (const int64_t examples : {3, 61, 1000}) {
    for (const int64_t count : {1, 2, 3, 7}) {
      int64_t end = 0;
      for (int64_t number = 1; number <= count; ++number) {
        const auto [first, last] = StoreShard{number, count}.range(examples);
        EXPECT_EQ(first, end);
        EXPECT_LE(last - first, examples / count + 1);
        end = last;
      }
      EXPECT_EQ(end, examples);
    }
  }
  EXPECT_EQ((StoreShard{2, 8}.file_of("a/outputs.safetensors")), "a/outputs-00002-of-00008.safetensors");
  EXPECT_EQ(parse_shard("2/8").text(), "2/8");
  for (const char* wrong : {"", "2", "0/8", "9/8", "2/", "/8", "2/8/9", "-1/8", "a/b", "2/1000000"})
    EXPECT_THROW(parse_shard(wrong), Error) << wrong;
}

TEST_F(StoreShards, TogetherAreTheWholeStore) {
  for (const std::string options : {"", ", views: 3", ", top: 3, type: float16"}) {
    const std::string whole_name = "whole" + std::to_string(options.size()) + ".safetensors";
    const auto whole = teacher(with_store(options, whole_name), crop);
    auto& views = dynamic_cast<StoredViews&>(*whole);
    views.fill([](int64_t, int64_t) { return true; });
    for (const int64_t number : {2, 3, 1}) fill({number, 3}, options);
    const auto joined = teacher(with_store(options), crop);
    auto& parts = dynamic_cast<StoredViews&>(*joined);
    EXPECT_TRUE(parts.store().views().equal(views.store().views()));
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      const Batch batch = train.batch(torch::arange(60, -1, -1), crop, 5, epoch);
      EXPECT_TRUE(joined->outputs(batch).logits.allclose(whole->outputs(batch).logits, 1e-5, 1e-5)) << options;
    }
    EXPECT_LT(parts.compare(300, 1).difference, options.find("float16") == std::string::npos ? 1e-5 : 1e-3);
    EXPECT_EQ(parts.compare(300, 1).agreement, 1);
    for (const int64_t number : {1, 2, 3}) fs::remove(StoreShard{number, 3}.file_of(path()));
  }
}

TEST_F(StoreShards, SayWhatIsMissing) {
  EXPECT_FALSE(find_store(path()).exists());
  fill({1, 4});
  {
    const auto part = teacher(with_store(), crop, StoreShard{3, 4});
    int64_t batches = 0;
    dynamic_cast<StoredViews&>(*part).fill([&](int64_t, int64_t) { return ++batches < 2; });
  }
  const std::string told = refusal([&] { teacher(with_store(), crop); });
  EXPECT_NE(told.find("of its 4 shards, 2/4, 3/4, 4/4 are missing or not full"), std::string::npos) << told;
  EXPECT_FALSE(read_store_info(path()).sealed);
  EXPECT_EQ(read_file_info(StoreShard(3, 4).file_of(path())).filled, 2 * 15);
  write_index_of_shards(path());
  EXPECT_FALSE(fs::exists(index_of(path())));
  for (const int64_t number : {2, 3, 4}) fill({number, 4});  // the third resumes
  EXPECT_TRUE(find_store(path()).complete());
  EXPECT_EQ(read_store_info(path()).filled, 61 * 18);
  EXPECT_TRUE(read_store_info(path()).sealed);
  EXPECT_NO_THROW(teacher(with_store(), crop));
}

TEST_F(StoreShards, AreFilledByOneProcessEach) {
  const auto first = teacher(with_store(), crop, StoreShard{1, 2});
  EXPECT_NO_THROW(teacher(with_store(), crop, StoreShard{2, 2}));
  EXPECT_NE(refusal([&] {
              teacher(with_store(), crop, StoreShard{1, 2});
            }).find("is being filled by another process"),
            std::string::npos);
}

TEST_F(StoreShards, OfOtherCountsTeachersAndViewsAreRefused) {
  for (const int64_t number : {1, 2}) fill({number, 2});
  EXPECT_NE(refusal([&] { fill({1, 3}); }).find("has 2 shards; 1/3 is none of them"), std::string::npos);
  EXPECT_NE(refusal([&] { fill({1, 2}, ", views: 3"); }).find("on other views"), std::string::npos);
  network = make_network(choose(Slot::network, "{mlp: [20]}"), *digits, 2);
  EXPECT_NE(refusal([&] { teacher(with_store(), crop); }).find("another teacher"), std::string::npos);
  fs::copy(StoreShard{1, 2}.file_of(path()), StoreShard{1, 3}.file_of(path()));
  EXPECT_NE(refusal([&] { find_store(path()); }).find("has shards of 2 and shards of 3"), std::string::npos);
  EXPECT_NE(refusal([&] {
              teacher(with_store("", "t.safetensors"), crop, StoreShard{62, 62});
              teacher(with_store("", "t.safetensors"), crop, StoreShard{1, 62});
            }).find("shard 1/62 of 61 examples has none"),
            std::string::npos);
}

TEST_F(StoreShards, OfSwappedNamesAreRefused) {
  for (const int64_t number : {1, 2}) fill({number, 2});
  const fs::path first = StoreShard{1, 2}.file_of(path()), second = StoreShard{2, 2}.file_of(path());
  fs::rename(first, path("x"));
  fs::rename(second, first);
  fs::rename(path("x"), second);
  EXPECT_NE(refusal([&] { teacher(with_store(), crop); }).find("on other examples"), std::string::npos);
}

TEST_F(StoreShards, AreKnownToTheIndexByTheirChecksums) {
  for (const int64_t number : {1, 2}) fill({number, 2});
  write_index_of_shards(path());
  const Json index = read_json(index_of(path()));
  EXPECT_EQ(index["shards"].size(), 2u);
  EXPECT_EQ(read_store_info(index_of(path())).examples, 61);
  EXPECT_EQ(index["shards"][1]["file"], "s-00002-of-00002.safetensors");
  EXPECT_EQ(index["shards"][1]["examples"], 31);
  EXPECT_NO_THROW(teacher(with_store(), crop));
  // Another file in the place of a shard, sealed and sound in itself.
  const fs::path second = StoreShard{2, 2}.file_of(path());
  LoadedTensors loaded = load_tensors(second);
  loaded.tensors["logits"] = loaded.tensors["logits"] + 1;
  loaded.metadata.erase(kChecksumKey);
  save_tensors(second, loaded.tensors, loaded.metadata);
  EXPECT_NE(refusal([&] { teacher(with_store(), crop); }).find("was replaced"), std::string::npos);
  fs::remove(second);
  EXPECT_NE(refusal([&] { teacher(with_store(), crop); }).find("of its 2 shards, 2/2 is missing"), std::string::npos);
  for (const char* wrong : {"{}", "[]", "{", R"({"shards": []})", R"({"shards": [{}]})",
                            R"({"shards": [{"file": "../s.safetensors"}]})", R"({"shards": [{"file": "/etc/passwd"}]})",
                            R"({"shards": [{"file": 7}]})", R"({"shards": [{"file": ".."}]})"}) {
    write_file(index_of(path()), wrong);
    EXPECT_THROW(find_store(path()), Error) << wrong;
  }
}

/// Files as another program writes them: rows in any order, without fingerprints or checksums.
class GivenShards : public StoreShards {
 protected:
  struct Given {
    torch::Tensor ids, logits, views;
  };
  Given part(int64_t begin, int64_t end, int64_t slots) const {
    const torch::Tensor ids = torch::arange(end - 1, begin - 1, -1);
    return {ids, logits(ids, slots), torch::arange(1, slots + 1).expand({end - begin, slots}).contiguous()};
  }
  /// A number that tells id, view and class.
  static torch::Tensor logits(const torch::Tensor& ids, int64_t slots) {
    return (ids.reshape({-1, 1, 1}) * 1000 + torch::arange(slots).reshape({1, -1, 1}) * 10 + torch::arange(10))
        .to(torch::kFloat);
  }
  void save(const std::string& name, const Given& given, std::map<std::string, std::string> metadata = {}) const {
    metadata["format"] = "limbeck teacher outputs 2";
    save_tensors(path(name), {{"ids", given.ids}, {"logits", given.logits}, {"views", given.views}}, metadata);
  }
  void index(const std::vector<std::string>& names) const {
    std::vector<fs::path> files;
    for (const std::string& name : names) files.push_back(path(name));
    write_index(path("given.safetensors"), files);
  }
  std::string given() const { return stored(path("given.safetensors.index.json")); }
};

TEST_F(GivenShards, TeachById) {
  save("b.safetensors", part(0, 20, 1));
  save("a.safetensors", part(20, 61, 1));
  index({"a.safetensors", "b.safetensors"});
  const auto taught = teacher(given(), none);
  const torch::Tensor positions = torch::tensor({60, 0, 19, 20, 33});
  EXPECT_TRUE(taught->outputs(train.batch(positions)).logits.equal(logits(positions, 1).select(1, 0)));
}

TEST_F(GivenShards, TeachByView) {
  const std::map<std::string, std::string> of = {{"views", crop.description()}};
  save("a.safetensors", part(0, 61, 18), of);
  index({"a.safetensors"});
  const auto taught = teacher(given(), crop);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    const Batch batch = train.batch(torch::arange(61), crop, 5, epoch);
    EXPECT_TRUE(taught->outputs(batch).logits.equal(
        logits(torch::arange(61), 18).gather(1, batch.views.reshape({-1, 1, 1}).expand({-1, 1, 10})).select(1, 0)));
  }
  EXPECT_NE(refusal([&] { teacher(given(), none); }).find("is of other views"), std::string::npos);
  save("a.safetensors", part(0, 61, 18));
  index({"a.safetensors"});
  EXPECT_NE(refusal([&] { teacher(given(), crop); }).find("does not say of which views it is"), std::string::npos);
  Given wrong = part(0, 61, 18);
  wrong.views[5][7] = 0;
  save("a.safetensors", wrong, of);
  index({"a.safetensors"});
  EXPECT_NE(refusal([&] { teacher(given(), crop); }).find("lacks the output of view 7 of example 55"),
            std::string::npos);
}

TEST_F(GivenShards, ThatCannotBeRightAreRefused) {
  const auto write = [&](const Given& one, const Given& two, const std::map<std::string, std::string>& metadata) {
    save("a.safetensors", one, metadata);
    save("b.safetensors", two);
    index({"a.safetensors", "b.safetensors"});
  };
  const auto refused = [&](const Given& one, const Given& two, const std::map<std::string, std::string>& what = {}) {
    write(one, two, what);
    return refusal([&] { teacher(given(), none); });
  };
  const Given first = part(0, 30, 1), second = part(30, 61, 1);
  write(first, second, {});
  EXPECT_NO_THROW(teacher(given(), none));
  EXPECT_NE(refused(first, part(29, 61, 1)).find("has the id 29 twice"), std::string::npos);
  EXPECT_NE(refused(first, part(31, 61, 1)).find("no outputs for 1 of the stage's 61 examples, the first of them 30"),
            std::string::npos);
  EXPECT_NE(refused(first, part(30, 62, 1)).find("has the ids 0 to 61; the training split has 0 to 60"),
            std::string::npos);
  EXPECT_NE(refused(first, part(30, 61, 2)).find("in another form"), std::string::npos);
  EXPECT_NE(refused(first, second, {{"examples", "others"}}).find("is of other examples"), std::string::npos);
  Given bad = part(0, 30, 1);
  bad.logits[3][0][2] = NAN;
  EXPECT_NE(refused(bad, second).find("not finite"), std::string::npos);
  bad = part(0, 30, 1);
  bad.logits = bad.logits.slice(2, 0, 9).contiguous();
  EXPECT_NE(refused(bad, second), "");
}

}  // namespace
}  // namespace limbeck

#include "data/augmentation.h"
#include "core/json.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <set>
#include <string>

#include "core/random.h"
#include "data/example_set.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

Augmenter make(const std::vector<const char*>& yaml) {
  std::vector<Choice> choices;
  for (const char* each : yaml) choices.push_back(choose(Slot::augmentation, each));
  return Augmenter(choices);
}

/// Random bytes that do not depend on a global generator.
torch::Tensor bytes(const std::vector<int64_t>& shape, uint64_t seed = 1) {
  torch::Tensor images = torch::empty(shape, torch::kUInt8);
  Random random({seed, Purpose::synthesis});
  for (int64_t i = 0; i < images.numel(); ++i) images.data_ptr<uint8_t>()[i] = static_cast<uint8_t>(random.below(256));
  return images;
}

/// Waves, so that neighbours are alike and interpolation is well conditioned.
torch::Tensor smooth(int64_t n, int64_t c, int64_t h, int64_t w) {
  const torch::Tensor y = torch::arange(h, torch::kFloat32).reshape({1, 1, h, 1}),
                      x = torch::arange(w, torch::kFloat32);
  const torch::Tensor phase = torch::arange(n * c, torch::kFloat32).reshape({n, c, 1, 1});
  return (127.5 + 127 * torch::sin(0.4 * y + 0.27 * x + phase)).to(torch::kUInt8);
}

torch::Tensor view(int64_t number) {
  return torch::tensor({number});
}

// What a program before this one drew: old runs repeat.
TEST(Augmenter, DrawsWhatItAlwaysDrew) {
  const torch::Tensor ids = torch::tensor({0, 1, 2, 3, 4, 5, 6, 7, 100, 59999});
  const Augmenter one = make({"{shift: 2}"}), two = make({"{shift: 64}", "{shift: 1}"});
  EXPECT_TRUE(one.draw(ids, 1, 0).equal(torch::tensor({20, 12, 13, 23, 15, 16, 20, 15, 17, 12})));
  EXPECT_TRUE(one.draw(ids, 1, 3).equal(torch::tensor({15, 17, 8, 18, 17, 4, 7, 23, 22, 11})));
  EXPECT_TRUE(two.draw(ids, 1, 0).equal(
      torch::tensor({120859, 75168, 80673, 143553, 94146, 100962, 121527, 93412, 105362, 76558})));
  EXPECT_TRUE(two.draw(ids, 1, 3).equal(
      torch::tensor({94785, 103425, 47943, 109326, 107074, 26437, 47645, 139017, 136463, 68397})));
}

TEST(Augmenter, NumbersMoreViewsThan32BitsHold) {
  const Augmenter augmenter =
      make({"{rotation: 15}", "{translation: 0.1}", "{shear: 5}", "{zoom: 0.2}", "{crop: 4}", "{flip: true}"});
  const int64_t affine = 129LL * 129 * 129 * 129 * 129 * 129;
  ASSERT_EQ(augmenter.view_count(), affine * 81 * 2);
  const torch::Tensor views = augmenter.draw(torch::arange(4000), 1, 0);
  EXPECT_TRUE(views.ge(0).logical_and(views.lt(augmenter.view_count())).all().item<bool>());
  for (const int64_t digit : {int64_t{1}, int64_t{129}, affine, affine * 81}) {  // each part is spread evenly
    const torch::Tensor parts = views.div(digit, "floor").remainder(2).to(torch::kFloat64);
    EXPECT_NEAR(parts.mean().item<double>(), 0.5, 0.035) << digit;  // four standard deviations
  }
  EXPECT_TRUE(views.equal(augmenter.draw(torch::arange(4000), 1, 0)));
  EXPECT_FALSE(views.equal(augmenter.draw(torch::arange(4000), 1, 1)));
}

TEST(Augmenter, RefusesMoreViewsThan62BitsHold) {
  const auto build = [] {
    make({"{rotation: 15}", "{translation: 0.1}", "{shear: 5}", "{zoom: 0.2}", "{crop: 4}", "{cutout: 8}"});
  };
  EXPECT_NE(message_of<Error>(build).find("at most 2^62"), std::string::npos);
}

TEST(Augmenter, OfAMapKeepsItsOrderAndDescribesItself) {
  const auto augment = [](const std::string& map) {
    return parse_recipe("name: o\ndata: { source: digits, augment: " + map +
                            " }\nnetworks: { n: { mlp: [3] } }\n"
                            "stages: [ { name: t, train: n } ]",
                        "o.yaml", {}, components());
  };
  const Recipe recipe = augment("{ flip: true, crop: 3, mixup: }");
  EXPECT_EQ(
      resolve(recipe)["data"]["augment"].dump(),
      R"({"flip":{"horizontal":true,"vertical":false},"crop":{"padding":3,"fill":"zero"},"mixup":{"alpha":0.2}})");
  EXPECT_EQ(Augmenter(recipe.data.augment).description(), resolve(recipe)["data"]["augment"].dump());
  EXPECT_EQ(Augmenter(augment("{ flip: {}, crop: {padding: 3}, mixup: 0.2 }").data.augment).description(),
            Augmenter(recipe.data.augment).description());
  EXPECT_NE(Augmenter(augment("{ crop: 3, flip: , mixup: }").data.augment).description(),
            Augmenter(recipe.data.augment).description());
  EXPECT_EQ(Augmenter().description(), "none");
}

TEST(Augmenter, RefusesExamplesThatAreNoImages) {
  EXPECT_THROW(make({"{flip: true}"}).apply(torch::zeros({4, 10}), torch::zeros({4}, torch::kInt64)), Error);
}

TEST(Augmenter, PathsOfBytesAreThoseOfOtherTypes) {
  for (const char* yaml :
       {"{crop: 2}", "{crop: {padding: 3, fill: reflect}}", "{crop: {padding: 9, fill: edge}}", "{crop: 9}",
        "{shift: 2}", "{flip: true}", "{flip: {vertical: true}}", "{flip: {horizontal: false, vertical: true}}",
        "{flip: false}", "{cutout: 4}", "{cutout: {size: 5, fill: mean}}", "{cutout: 20}"})
    for (const int64_t channels : {1, 3}) {
      const torch::Tensor images = bytes({300, channels, 5, 7});
      const Augmenter augmenter = make({yaml});
      const torch::Tensor views = augmenter.draw(torch::arange(300), 1, 0);
      const torch::Tensor fast = augmenter.apply(images, views),
                          wide = augmenter.apply(images.to(torch::kInt32), views);
      EXPECT_EQ(fast.scalar_type(), torch::kUInt8);
      EXPECT_TRUE(fast.to(torch::kInt32).equal(wide)) << yaml;
    }
}

TEST(Augmenter, AViewIsReplayed) {
  const auto digits = small_digits();
  const ExampleSet all = ExampleSet(digits->train, "train", *digits).select(torch::arange(100, 300), "part");
  const torch::Tensor positions = torch::arange(199, 99, -1);
  for (const auto& yaml : {std::vector<const char*>{"{crop: 4}", "{flip: true}"},
                           {"{rotation: 15}", "{zoom: 0.2}", "{cutout: 8}"},
                           {"{shift: 2}"},
                           {}}) {
    const Augmenter augmenter = make(yaml);
    const Batch drawn = all.batch(positions, augmenter, 7, 5);
    EXPECT_EQ(drawn.draw, 5);
    EXPECT_FALSE(drawn.mix.defined());
    const Batch replayed = all.batch(positions.slice(0, 20, 60), augmenter, drawn.views.slice(0, 20, 60));
    EXPECT_TRUE(replayed.inputs.equal(drawn.inputs.slice(0, 20, 60)));
    EXPECT_TRUE(replayed.ids.equal(drawn.ids.slice(0, 20, 60)));
    EXPECT_TRUE(replayed.views.equal(drawn.views.slice(0, 20, 60)));
  }
}

TEST(Crop, HasTheHandComputedViews) {
  const torch::Tensor image = torch::tensor({1, 2, 3, 4, 5, 6, 7, 8, 9}, torch::kUInt8).reshape({1, 1, 3, 3});
  const auto crop = [&](const char* yaml, int64_t number) { return make({yaml}).apply(image, view(number)).flatten(); };
  const auto pixels = [](const std::vector<int64_t>& of) { return torch::tensor(of).to(torch::kUInt8); };
  EXPECT_TRUE(crop("{crop: 1}", 4).equal(image.flatten()));  // the middle one of 3 × 3
  EXPECT_TRUE(crop("{crop: 1}", 0).equal(pixels({0, 0, 0, 0, 1, 2, 0, 4, 5})));
  EXPECT_TRUE(crop("{crop: 1}", 5).equal(pixels({2, 3, 0, 5, 6, 0, 8, 9, 0})));
  EXPECT_TRUE(crop("{crop: {padding: 1, fill: edge}}", 0).equal(pixels({1, 1, 2, 1, 1, 2, 4, 4, 5})));
  EXPECT_TRUE(crop("{crop: {padding: 1, fill: reflect}}", 0).equal(pixels({5, 4, 5, 2, 1, 2, 5, 4, 5})));
  EXPECT_TRUE(crop("{crop: {padding: 2, fill: reflect}}", 24).equal(pixels({9, 8, 7, 6, 5, 4, 3, 2, 1})));
  EXPECT_THROW(crop("{crop: {padding: 3, fill: reflect}}", 0), Error);
}

TEST(Crop, WithZerosIsAShift) {
  const torch::Tensor images = bytes({81, 3, 6, 5}), views = torch::arange(81);
  EXPECT_TRUE(make({"{crop: 4}"}).apply(images, views).equal(make({"{shift: 4}"}).apply(images, views)));
}

TEST(Flip, HasTheHandComputedViews) {
  const torch::Tensor image = torch::arange(2 * 3 * 5, torch::kUInt8).reshape({1, 2, 3, 5});
  const Augmenter both = make({"{flip: {vertical: true}}"});
  ASSERT_EQ(both.view_count(), 4);
  EXPECT_TRUE(both.apply(image, view(0)).equal(image));
  EXPECT_TRUE(both.apply(image, view(1)).equal(image.flip(3)));
  EXPECT_TRUE(both.apply(image, view(2)).equal(image.flip(2)));
  EXPECT_TRUE(both.apply(image, view(3)).equal(image.flip({2, 3})));
  const Augmenter vertical = make({"{flip: {horizontal: false, vertical: true}}"});
  EXPECT_TRUE(vertical.apply(image, view(1)).equal(image.flip(2)));
  EXPECT_EQ(make({"{flip: false}"}).view_count(), 1);
}

TEST(CropAndFlip, HaveAViewOfItsOwnForEachNumber) {
  const Augmenter augmenter = make({"{crop: 4}", "{flip: true}"});
  ASSERT_EQ(augmenter.view_count(), 162);
  const torch::Tensor image = bytes({1, 3, 32, 32});
  const torch::Tensor views = augmenter.apply(image.expand({162, 3, 32, 32}), torch::arange(162));
  std::set<std::string> seen;
  for (const torch::Tensor& each : views.unbind(0))
    seen.emplace(static_cast<const char*>(each.data_ptr()), static_cast<size_t>(each.numel()));
  EXPECT_EQ(seen.size(), 162U);
  EXPECT_TRUE(views[40].equal(image[0]));
  EXPECT_TRUE(views[81 + 40].equal(image[0].flip(2)));
}

TEST(Cutout, CutsTheHandComputedSquares) {
  const torch::Tensor image = torch::full({1, 1, 32, 32}, 200, torch::kUInt8);
  const Augmenter augmenter = make({"{cutout: 8}"});
  const auto cut = [&](int64_t y, int64_t x) {
    return augmenter.apply(image, view(y * 14 * 448 + x * 14)).eq(0)[0][0];
  };
  torch::Tensor expected = torch::zeros({32, 32}, torch::kBool);
  expected.slice(0, 6, 14).slice(1, 16, 24).fill_(true);  // centre (10, 20)
  EXPECT_TRUE(cut(10, 20).equal(expected));
  expected.zero_().slice(0, 0, 4).slice(1, 27, 32).fill_(true);  // centre (0, 31)
  EXPECT_TRUE(cut(0, 31).equal(expected));
  const torch::Tensor half = torch::cat({image, image.mul(0).add(101)}, 3);  // [1, 1, 32, 64], mean 150.5
  const torch::Tensor filled = make({"{cutout: {size: 64, fill: mean}}"}).apply(half, view(0));
  EXPECT_EQ(filled[0][0][0][0].item<int>(), 150);  // rounded to even
}

TEST(Cutout, CentresOnEachPixelEquallyOften) {
  const Augmenter augmenter = make({"{cutout: 1}"});
  const torch::Tensor rows = torch::arange(448) * 448;  // every line of the grid
  const torch::Tensor images = torch::ones({448, 1, 28, 28}, torch::kUInt8);
  const torch::Tensor hits = augmenter.apply(images, rows).eq(0).sum({0, 1, 3});
  EXPECT_TRUE(hits.equal(torch::full({28}, 16)));
}

TEST(SpecAugment, MasksTheHandComputedBlocks) {
  const Augmenter augmenter = make({"{spec_augment: {bands: 3, frames: 5}}"});
  const torch::Tensor recording = torch::ones({1, 26, 40});
  const auto zeros = [&](int64_t bands, int64_t first_band, int64_t frames, int64_t first_frame) {
    return augmenter.apply(recording, view(bands + 4 * (first_band + 840 * (frames + 6 * first_frame)))).eq(0)[0];
  };
  EXPECT_EQ(augmenter.view_count(), 4 * 6 * 840 * 840);
  EXPECT_FALSE(zeros(0, 700, 0, 700).any().item<bool>());
  torch::Tensor expected = torch::zeros({26, 40}, torch::kBool);
  expected.slice(1, 19, 22).fill_(true);  // the middle one of 38 starts
  EXPECT_TRUE(zeros(3, 420, 0, 0).equal(expected));
  expected.slice(0, 21, 26).fill_(true);  // the last one
  EXPECT_TRUE(zeros(3, 420, 5, 839).equal(expected));
  const Augmenter twice = make({"{spec_augment: {bands: 3, frames: 5, masks: 2}}"});
  const int64_t once = augmenter.view_count();
  const torch::Tensor both = twice.apply(recording, view(3 + once * 3)).eq(0)[0];  // the same band twice
  EXPECT_EQ(both.sum().item<int64_t>(), 3 * 26);
}

TEST(SpecAugment, MasksWiderThanTheExampleCoverIt) {
  const Augmenter augmenter = make({"{spec_augment: {bands: 8, frames: 0}}"});
  EXPECT_TRUE(augmenter.apply(torch::ones({1, 4, 5}), view(8 + 9 * 839)).eq(0).all().item<bool>());
}

TEST(SpecAugment, IsForRecordingsAndOthersAreForImages) {
  const torch::Tensor images = torch::zeros({1, 1, 4, 4}), recordings = torch::zeros({1, 4, 4});
  EXPECT_NE(message_of<Error>([&] {
              make({"{spec_augment: {}}"}).apply(images, view(0));
            }).find("one is for recordings [frames, bands]"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              make({"{flip: true}"}).apply(recordings, view(0));
            }).find("the examples have 2 dimensions; of the augmentations"),
            std::string::npos);
  EXPECT_NO_THROW(make({"{mixup: 1}"}).apply(recordings, view(0)));
}

/// The largest difference of two byte images.
int64_t difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.to(torch::kInt64) - b.to(torch::kInt64)).abs().max().item<int64_t>();
}

constexpr int64_t kMiddle = 64, kLast = 128;  // levels of an affine parameter

TEST(Rotation, ByRightAnglesIsExact) {
  const torch::Tensor image = bytes({1, 3, 9, 9});
  for (const char* yaml : {"{rotation: 90}", "{rotation: {degrees: 90, fill: zero}}"}) {
    const Augmenter augmenter = make({yaml});
    ASSERT_EQ(augmenter.view_count(), 129);
    EXPECT_TRUE(augmenter.apply(image, view(kLast)).equal(image.rot90(1, {2, 3})));
    EXPECT_TRUE(augmenter.apply(image, view(0)).equal(image.rot90(-1, {2, 3})));
    EXPECT_TRUE(augmenter.apply(image, view(kMiddle)).equal(image));
  }
  EXPECT_TRUE(make({"{rotation: 180}"}).apply(image, view(0)).equal(image.flip({2, 3})));
}

TEST(Translation, IsByFractionsOfTheSides) {
  const torch::Tensor image = bytes({1, 1, 4, 8});
  const Augmenter zero = make({"{translation: {fraction: 0.25, fill: zero}}"});
  ASSERT_EQ(zero.view_count(), 129 * 129);
  const torch::Tensor moved =
      zero.apply(image, view(kLast + 129 * 0));  // rows from one below, columns from two to the left
  torch::Tensor expected = torch::zeros_like(image);
  expected.slice(2, 0, 3).slice(3, 2, 8).copy_(image.slice(2, 1, 4).slice(3, 0, 6));
  EXPECT_TRUE(moved.equal(expected));
  const torch::Tensor edge = make({"{translation: 0.25}"}).apply(image, view(kMiddle + 129 * kLast));
  expected = torch::cat({image.slice(3, 2, 8), image.slice(3, 7, 8), image.slice(3, 7, 8)}, 3);
  EXPECT_TRUE(edge.equal(expected));
  // Half a pixel is the mean of two.
  const torch::Tensor pair = torch::tensor({10, 20, 40, 81}, torch::kUInt8).reshape({1, 1, 1, 4});
  EXPECT_TRUE(make({"{translation: 0.125}"})
                  .apply(pair, view(kMiddle + 129 * kLast))
                  .flatten()
                  .equal(torch::tensor({15, 30, 61, 81}, torch::kUInt8)));
}

TEST(Zoom, IsThatOfEachAxis) {
  const torch::Tensor row = torch::tensor({0, 10, 20, 30, 40}, torch::kUInt8).reshape({1, 1, 1, 5}),
                      column = row.transpose(2, 3);
  const Augmenter augmenter = make({"{zoom: 0.5}"});
  const torch::Tensor out = torch::tensor({0, 5, 20, 35, 40}, torch::kUInt8),
                      in = torch::tensor({10, 15, 20, 25, 30}, torch::kUInt8);
  EXPECT_TRUE(
      augmenter.apply(row, view(kMiddle + 129 * kLast)).flatten().equal(out));  // 20 + 1.5 · (−20, −10, 0, 10, 20)
  EXPECT_TRUE(augmenter.apply(row, view(kMiddle)).flatten().equal(in));
  EXPECT_TRUE(augmenter.apply(column.contiguous(), view(kLast + 129 * kMiddle)).flatten().equal(out));
  EXPECT_TRUE(make({"{zoom: {low: 0.5, high: 2}}"}).apply(row, view(0)).flatten().equal(in));
  EXPECT_THROW(choose(Slot::augmentation, "{zoom: {low: 1.5}}"), DiagnosticsError);
}

TEST(Shear, MovesRowsAsTheirDistanceFromTheCentre) {
  // sin 30° = 1/2: two rows above the centre by one pixel, to the side that x − sin s · y says.
  const torch::Tensor image = bytes({1, 1, 5, 7});
  const torch::Tensor sheared =
      make({"{shear: {degrees: 30, fill: zero}}"}).apply(image.to(torch::kFloat64), view(kLast));
  const double cosine = std::cos(std::acos(-1.0) / 6);
  const auto at = [&](double y, int64_t x) {  // between rows
    const auto row = static_cast<int64_t>(std::floor(y));
    const double part = y - static_cast<double>(row);
    return (1 - part) * image[0][0][row][x].item<double>() + part * image[0][0][row + 1][x].item<double>();
  };
  EXPECT_NEAR(sheared[0][0][0][3].item<double>(), at(2 - 2 * cosine, 4), 1e-4);  // y = −2: x_in = x + 1
  EXPECT_NEAR(sheared[0][0][4][3].item<double>(), at(2 + 2 * cosine, 2), 1e-4);
  EXPECT_TRUE(sheared[0][0][2].allclose(image[0][0][2].to(torch::kFloat64), 1e-5, 1e-3));
}

TEST(Affine, OfBytesIsThatOfTensorOperationsWithinOneLevel) {
  for (const auto& yaml : {std::vector<const char*>{"{rotation: 180}"},
                           {"{shear: 40}"},
                           {"{zoom: 0.9}"},
                           {"{translation: 1}"},
                           {"{rotation: {degrees: 50, fill: zero}}"},
                           {"{zoom: {amount: 0.9, fill: zero}}"},
                           {"{translation: {fraction: 1, fill: zero}}", "{shear: {degrees: 30, fill: zero}}"},
                           {"{rotation: 15}", "{translation: 0.1}", "{shear: 5}", "{zoom: 0.2}"}})
    for (const auto& images :
         {smooth(200, 3, 21, 34), smooth(200, 1, 16, 16), smooth(200, 2, 1, 5), bytes({200, 3, 9, 8})}) {
      const Augmenter augmenter = make(yaml);
      const torch::Tensor views = augmenter.draw(torch::arange(200), 3, 0);
      const torch::Tensor fast = augmenter.apply(images, views),
                          plain = augmenter.apply(images.to(torch::kInt32), views);
      EXPECT_LE(difference(fast, plain), 1) << augmenter.description();
      EXPECT_LT((fast.to(torch::kInt32) - plain).abs().to(torch::kFloat64).mean().item<double>(), 0.02)
          << augmenter.description();
    }
}

TEST(Affine, NeighboursAreOneMatrix) {
  const torch::Tensor images = smooth(50, 1, 32, 32);
  // There and back is the image itself, pixel for pixel, only if it is resampled once.
  const Augmenter there_and_back = make({"{rotation: 30}", "{rotation: 30}"});
  ASSERT_EQ(there_and_back.view_count(), 129 * 129);
  const torch::Tensor turned = torch::arange(50), back = 128 - turned;
  EXPECT_LE(difference(there_and_back.apply(images, turned + 129 * back), images), 0);
  // With another fill the second begins anew: pixels are lost.
  const Augmenter apart = make({"{rotation: 30}", "{rotation: {degrees: 30, fill: zero}}"});
  EXPECT_GT(difference(apart.apply(images, turned + 129 * back), images), 20);
  // The first named is applied first: moved, then turned by a quarter, is turned, then moved the other way.
  const torch::Tensor image = bytes({1, 1, 8, 8});
  const torch::Tensor moved =
      make({"{translation: {fraction: 0.25, fill: zero}}"}).apply(image, view(kLast + 129 * kMiddle));
  const torch::Tensor both =
      make({"{translation: {fraction: 0.25, fill: zero}}", "{rotation: {degrees: 90, fill: zero}}"})
          .apply(image, view(kLast + 129 * kMiddle + 129 * 129 * kLast));
  EXPECT_TRUE(both.equal(moved.rot90(1, {2, 3})));
}

TEST(Affine, SmallStepsAreOneAfterTheOtherNearly) {
  const torch::Tensor images = smooth(64, 1, 40, 40);
  const Augmenter whole = make({"{rotation: 10}", "{zoom: 0.1}"}), first = make({"{rotation: 10}"}),
                  second = make({"{zoom: 0.1}"});
  const torch::Tensor views = whole.draw(torch::arange(64), 1, 0);
  const torch::Tensor apart = second.apply(first.apply(images, views.remainder(129)), views.div(129, "floor"));
  const auto inner = [](const torch::Tensor& of) { return of.slice(2, 8, 32).slice(3, 8, 32); };
  EXPECT_LE(difference(inner(whole.apply(images, views)), inner(apart)),
            8);  // resampling twice flattens the waves a little
}

TEST(Mixup, MixesWithPartnersInTheirOwnViews) {
  const auto digits = small_digits();
  const ExampleSet all = ExampleSet(digits->train, "train", *digits).select(torch::arange(50, 250), "part");
  const Augmenter mixed = make({"{shift: 2}", "{mixup: 0.4}"}), plain = make({"{shift: 2}"});
  EXPECT_TRUE(mixed.mixes());
  EXPECT_FALSE(plain.mixes());
  EXPECT_FALSE(make({"{mixup: 1}"}).empty());
  EXPECT_EQ(mixed.view_count(), 25);
  const torch::Tensor positions = torch::arange(0, 200, 3);
  const Batch batch = all.batch(positions, mixed, 1, 2);
  const Mixing mixing = mixed.draw_mixing(batch.ids, 200, 1, 2);
  const Batch own = all.batch(positions, plain, 1, 2), partners = all.batch(mixing.partners, plain, 1, 2);
  EXPECT_TRUE(batch.views.equal(own.views));
  EXPECT_TRUE(batch.labels.equal(own.labels));
  EXPECT_TRUE(batch.partner_labels.equal(partners.labels));
  EXPECT_TRUE(batch.mix.equal(mixing.draws.select(1, 0)));
  const torch::Tensor share = batch.mix.reshape({-1, 1, 1, 1});
  EXPECT_TRUE(batch.inputs.allclose(share * own.inputs + (1 - share) * partners.inputs, 1e-5, 1e-6));
  EXPECT_FALSE(batch.inputs.allclose(own.inputs, 1e-2, 1e-2));
  EXPECT_TRUE(batch.inputs.equal(all.batch(positions, mixed, 1, 2).inputs));
  EXPECT_FALSE(batch.partner_labels.equal(all.batch(positions, mixed, 1, 3).partner_labels));
  EXPECT_THROW(all.batch(positions, mixed, batch.views), Error);
  EXPECT_THROW(plain.draw_mixing(batch.ids, 200, 1, 2), Error);
}

TEST(Mixup, DrawsSharesFromTheBetaDistribution) {
  const torch::Tensor ids = torch::arange(20000);
  for (const double alpha : {1e-6, 0.2, 1.0, 8.0}) {
    const Augmenter augmenter = make({fmt::format("{{mixup: {}}}", alpha).c_str()});
    const Mixing mixing = augmenter.draw_mixing(ids, 500, 1, 0);
    const torch::Tensor shares = mixing.draws.select(1, 0).to(torch::kFloat64);
    EXPECT_TRUE(shares.ge(0).logical_and(shares.le(1)).all().item<bool>());
    EXPECT_NEAR(shares.mean().item<double>(), 0.5, 0.015) << alpha;  // four standard deviations of the widest
    const double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(shares.var().item<double>() / variance, 1, 0.05) << alpha;
    const double extreme = shares.lt(0.01).logical_or(shares.gt(0.99)).to(torch::kFloat64).mean().item<double>();
    if (alpha == 1e-6 || alpha == 1) {
      EXPECT_NEAR(extreme, alpha == 1 ? 0.02 : 1, 0.004) << alpha;
    }
    const torch::Tensor counts = torch::bincount(mixing.partners, {}, 500);
    EXPECT_EQ(counts.size(0), 500);
    EXPECT_GT(counts.min().item<int64_t>(), 12);  // 40 expected, standard deviation 6.3
    EXPECT_LT(counts.max().item<int64_t>(), 72);
  }
}

TEST(Cutmix, ReplacesARectangleByThatOfAPartner) {
  const auto digits = small_digits();
  const ExampleSet all = ExampleSet(digits->train, "train", *digits).select(torch::arange(50, 250), "part");
  const Augmenter mixed = make({"{shift: 2}", "{cutmix: 1}"}), plain = make({"{shift: 2}"});
  EXPECT_TRUE(mixed.mixes());
  const torch::Tensor positions = torch::arange(0, 200);
  const Batch batch = all.batch(positions, mixed, 1, 2);
  const Mixing mixing = mixed.draw_mixing(batch.ids, 200, 1, 2);
  const Batch own = all.batch(positions, plain, 1, 2), partners = all.batch(mixing.partners, plain, 1, 2);
  EXPECT_TRUE(batch.partner_labels.equal(partners.labels));
  const int64_t height = batch.inputs.size(2), width = batch.inputs.size(3);
  for (int64_t i = 0; i < batch.size(); ++i) {
    // The rectangle by loops, from the formula of the paper.
    const auto draw = [&](int64_t k) { return mixing.draws[i][k].item<float>(); };
    const auto bounds = [&](float centre, int64_t n) {
      const auto half = static_cast<int64_t>(std::sqrt(1 - draw(0)) * static_cast<float>(n)) / 2;
      const auto middle = static_cast<int64_t>(centre * static_cast<float>(n));
      return std::pair{std::max<int64_t>(middle - half, 0), std::min(middle + half, n)};
    };
    const auto [top, bottom] = bounds(draw(1), height);
    const auto [left, right] = bounds(draw(2), width);
    torch::Tensor expected = own.inputs[i].clone();
    expected.slice(1, top, bottom)
        .slice(2, left, right)
        .copy_(partners.inputs[i].slice(1, top, bottom).slice(2, left, right));
    EXPECT_TRUE(batch.inputs[i].equal(expected)) << i;
    const double area = static_cast<double>((bottom - top) * (right - left)) / static_cast<double>(height * width);
    EXPECT_NEAR(batch.mix[i].item<double>(), 1 - area, 1e-6);
  }
  EXPECT_GT(batch.mix.lt(0.9).sum().item<int64_t>(), 50);
  EXPECT_EQ(message_of<Error>([] {
              make({"{mixup: 1}", "{cutmix: 1}"});
            }),
            "examples are mixed by one augmentation at most: mixup or cutmix, not both");
}

TEST(Random, BelowWideFillsAllBits) {
  Random narrow({3, Purpose::synthesis}), same({3, Purpose::synthesis}), wide({4, Purpose::synthesis});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(narrow.below_wide(1000), same.below(1000));
  EXPECT_EQ(narrow.below_wide(1ULL << 32), same.bits());
  std::vector<int> ones(62);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t value = wide.below_wide(1ULL << 62);
    ASSERT_LT(value, 1ULL << 62);
    for (size_t bit = 0; bit < ones.size(); ++bit) ones[bit] += static_cast<int>(value >> bit & 1U);
  }
  for (const int count : ones) EXPECT_NEAR(count, 500, 80);  // five standard deviations
  EXPECT_THROW(wide.below_wide(0), Error);
  EXPECT_THROW(wide.below_wide((1ULL << 62) + 1), Error);
}

TEST(Random, BetaOfUnequalShapesHasItsMoments) {
  Random random({3, Purpose::synthesis});
  double sum = 0, squares = 0;
  constexpr int kCount = 15000;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.beta(2, 0.5);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 0.8, 0.007);                                         // a / (a + b)
  EXPECT_NEAR(squares / kCount - mean * mean, 1 / (6.25 * 3.5), 0.003);  // ab / ((a + b)² (a + b + 1))
}

}  // namespace
}  // namespace limbeck

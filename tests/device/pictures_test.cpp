// Views, pictures, dropout, and a bias with an activation: plain and block programs against core/random.h, loops, and
// float64.
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/BFloat16.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"
#include "device_test.h"

namespace limbeck {
namespace {

TEST(BlockPrograms, RoundToBfloat16AsLibTorch) {
  std::vector<float> values = {0.0F, -0.0F, 1.0F, 1.00390625F, 1.01171875F, -3.3e38F, 3.4e38F, 1e-40F};
  for (const float special : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()})
    values.push_back(special);
  Random random({.seed = 5});
  for (int i = 0; i < 2000; ++i) values.push_back(std::ldexp(random.uniform(-1, 1), static_cast<int>(i % 200) - 100));
  for (const float value : values) {
    Bfloat16 ours{};
    store(value, ours);
    const c10::BFloat16 theirs(value);
    ASSERT_EQ(ours.bits, theirs.x) << value;
    ASSERT_EQ(to_float(ours), static_cast<float>(theirs)) << value;
  }
  Bfloat16 ours{};
  store(std::nanf(""), ours);
  EXPECT_TRUE(std::isnan(to_float(ours)));
}

TEST(BlockPrograms, AreLaunchedWithAllThatTheyNeed) {
  torch::Tensor ids = torch::arange(5), epoch = whole(0), views;
  std::function<void()> work;
  const HostLauncher before = set_host_launcher([&](const char* name, const std::function<void()>& launched) {
    EXPECT_STREQ(name, "draw_views");
    work = launched;
  });
  views = device_kernels::draw_views(ids, epoch, 1, 1000);
  set_host_launcher(before);
  views.fill_(-1);
  ids.add_(100);  // as the memory of a recorded step is filled anew
  work();
  EXPECT_TRUE(same_bits(views, device_plain::draw_views(torch::arange(100, 105), epoch, 1, 1000)));
}

TEST(BlockPrograms, AreRegisteredForAnotherDevice) {
  register_device_kernels(c10::DispatchKey::PrivateUse1);
  for (const char* name : {"limbeck::draw_views", "limbeck::adam_update"})
    EXPECT_TRUE(c10::Dispatcher::singleton().findSchemaOrThrow(name, "").hasKernelForDispatchKey(
        c10::DispatchKey::PrivateUse1));
}

TEST(DeviceViews, AreThoseOfTheRandomStreams) {
  const Launches launches;
  const torch::Tensor ids =
      torch::tensor({int64_t{0}, int64_t{1}, int64_t{77}, int64_t{70000}, (int64_t{1} << 32) - 1});
  for (const uint64_t seed : {uint64_t{1}, (uint64_t{9} << 60) + 4})
    for (const int64_t count : {int64_t{1}, int64_t{2}, int64_t{25}, int64_t{162}, int64_t{1} << 32,
                                (int64_t{1} << 32) + 1, (int64_t{1} << 61) + 12345, int64_t{1} << 62}) {
      const torch::Tensor views = draw_views(ids, whole(3), seed, count),
                          plain = device_plain::draw_views(ids, whole(3), static_cast<int64_t>(seed), count);
      for (int64_t i = 0; i < ids.size(0); ++i) {
        Random random({seed, Purpose::view, 3, static_cast<uint32_t>(ids[i].item<int64_t>())});
        const auto expected = static_cast<int64_t>(random.below_wide(static_cast<uint64_t>(count)));
        ASSERT_EQ(views[i].item<int64_t>(), expected);
        ASSERT_EQ(plain[i].item<int64_t>(), expected);
      }
    }
  EXPECT_EQ(launches.of("draw_views"), 16);
  const torch::Tensor many = torch::arange(4096) * 31;
  EXPECT_TRUE(same_bits(draw_views(many, whole(9), 2, 81), device_plain::draw_views(many, whole(9), 2, 81)));
  EXPECT_THROW(draw_views(ids, whole(3), 1, 0), Error);
}

/// The pixel of a view, by the definition in data/images/windows.h and data/augmentations/flip.cpp.
float shown_pixel(const torch::Tensor& picture, const PictureViews& how, int64_t view, int64_t c, int64_t y,
                  int64_t x) {
  const int64_t height = picture.size(1), width = picture.size(2), side = 2 * how.padding + 1;
  const int64_t window = view % (side * side), flips = view / (side * side), h = how.horizontal ? 2 : 1;
  if (flips % h == 1) x = width - 1 - x;
  if (flips / h == 1) y = height - 1 - y;
  y += window / side - how.padding;
  x += window % side - how.padding;
  const auto reflected = [](int64_t i, int64_t n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; };
  const auto nearest = [](int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; };
  if (how.fill == 0 && (y < 0 || x < 0 || y >= height || x >= width)) return 0;
  if (how.fill == 1) y = nearest(y, height), x = nearest(x, width);
  if (how.fill == 2) y = reflected(y, height), x = reflected(x, width);
  return static_cast<float>(picture[c][y][x].item<uint8_t>()) * static_cast<float>(how.scale);
}

TEST(DevicePictures, AreWindowsThenFlipsThenScaled) {
  const Launches launches;
  torch::manual_seed(1);
  for (const auto& [channels, height, width] : {std::tuple{3, 5, 7}, std::tuple{1, 4, 3}}) {
    const torch::Tensor pixels = torch::randint(256, {9, channels, height, width}, torch::kUInt8);
    for (const PictureViews& how : {PictureViews{}, PictureViews{.padding = 2, .fill = 0, .horizontal = true},
                                    PictureViews{.padding = 2, .fill = 1, .vertical = true, .scale = 1.0 / 255},
                                    PictureViews{.padding = 2, .fill = 2, .horizontal = true, .vertical = true},
                                    PictureViews{.horizontal = true, .vertical = true, .scale = 0.1}}) {
      const int64_t side = 2 * how.padding + 1;
      const int64_t count = side * side * (how.horizontal ? 2 : 1) * (how.vertical ? 2 : 1);
      const torch::Tensor views = torch::arange(count), ids = views.remainder(9).flip(0).contiguous();
      const torch::Tensor shown = picture_views(pixels, ids, views, how);
      EXPECT_TRUE(shown.is_contiguous(torch::MemoryFormat::ChannelsLast));
      const torch::Tensor plain = device_plain::picture_views(pixels, ids, views, how.padding, how.fill, how.horizontal,
                                                              how.vertical, how.scale);
      EXPECT_TRUE(plain.is_contiguous(torch::MemoryFormat::ChannelsLast));
      torch::Tensor expected = torch::empty({count, channels, height, width});
      auto to = expected.accessor<float, 4>();
      for (int64_t i = 0; i < count; ++i)
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t y = 0; y < height; ++y)
            for (int64_t x = 0; x < width; ++x)
              to[i][c][y][x] = shown_pixel(pixels[ids[i].item<int64_t>()], how, i, c, y, x);
      EXPECT_TRUE(same_bits(shown, expected)) << count;
      EXPECT_TRUE(same_bits(plain, expected)) << count;
    }
  }
  EXPECT_EQ(launches.of("picture_views"), 10);
  EXPECT_THROW(picture_views(torch::zeros({1, 1, 2, 5}, torch::kUInt8), torch::zeros({1}, torch::kLong),
                             torch::zeros({1}, torch::kLong), {.padding = 2, .fill = 2}),
               Error);
}

TEST(DevicePictures, AreNormalizedByChannel) {
  const Launches launches;
  torch::manual_seed(2);
  int64_t launched = 0;
  for (const auto& shape : std::vector<std::vector<int64_t>>{{1, 3, 5, 7}, {6, 3, 32, 32}, {2, 37, 3, 3}, {3, 1, 9, 9}})
    for (const auto format : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast})
      for (const auto from : {torch::kFloat32, torch::kBFloat16})
        for (const auto to : {torch::kFloat32, torch::kBFloat16}) {
          const torch::Tensor x = torch::rand(shape).to(from).contiguous(format);
          const torch::Tensor mean = torch::rand({shape[1]}), deviation = torch::rand({shape[1]}) + 0.1;
          const std::vector<int64_t> by_channel = {1, shape[1], 1, 1};
          const torch::Tensor expected = (x.to(torch::kFloat64) - mean.to(torch::kFloat64).reshape(by_channel)) /
                                         deviation.to(torch::kFloat64).reshape(by_channel);
          const torch::Tensor y = normalize_pictures(x, mean, deviation, to),
                              plain = device_plain::normalize_pictures(x, mean, deviation, to);
          EXPECT_EQ(y.scalar_type(), to);
          EXPECT_TRUE(y.is_contiguous(format) && plain.is_contiguous(format));
          EXPECT_LT(distance(y, expected), to == torch::kFloat32 ? 1e-6 : kBfloat16Tolerance);
          EXPECT_TRUE(same_bits(y, plain));
          ++launched;
        }
  EXPECT_EQ(launches.of("normalize_pictures"), launched);
}

TEST(DeviceDropout, KeepsTheUnitsOfTheRandomStreams) {
  const Launches launches;
  torch::manual_seed(3);
  const DropoutStream stream{(uint64_t{9} << 32) + 4, 2, 0.3};
  const auto kept = static_cast<float>(1 / (1 - stream.probability));
  const auto threshold = static_cast<uint32_t>(std::llround(stream.probability * 65536));
  int64_t launched = 0;
  for (const auto& shape :
       std::vector<std::vector<int64_t>>{{1, 1}, {3, 100}, {5, 64}, {2, 3, 4, 4}, {2, 3, 3, 3}, {3, 5, 3, 7}})
    for (const auto type : {torch::kFloat32, torch::kBFloat16})
      for (const bool last : {false, true}) {
        if (last && shape.size() != 4) continue;
        torch::Tensor x = torch::randn(shape).to(type);
        if (last) x = x.contiguous(torch::MemoryFormat::ChannelsLast);
        x.requires_grad_();
        const torch::Tensor ids = torch::tensor({int64_t{0}, int64_t{5}, int64_t{70000}, int64_t{1}, int64_t{2}})
                                      .slice(0, 0, shape[0])
                                      .contiguous();
        torch::Tensor factors = torch::empty(shape);
        const int64_t units = factors.numel() / shape[0];
        auto* factor = factors.data_ptr<float>();
        for (int64_t row = 0; row < shape[0]; ++row) {
          const RandomKey key{stream.seed, Purpose::dropout, 3, static_cast<uint32_t>(ids[row].item<int64_t>()), 2};
          for (int64_t unit = 0; unit < units; ++unit) {
            const uint32_t word = philox(key, static_cast<uint32_t>(unit / 8))[static_cast<size_t>(unit % 8 / 2)];
            *factor++ = (word >> (unit % 2 * 16) & 0xffff) >= threshold ? kept : 0.0F;
          }
        }
        const torch::Tensor expected = (x.detach().to(torch::kFloat32) * factors).to(type);
        const torch::Tensor y = drop_units(x, ids, whole(3), stream);
        EXPECT_TRUE(same_bits(y.detach(), expected));
        EXPECT_TRUE(same_bits(device_plain::drop_units(x.detach(), ids, whole(3), static_cast<int64_t>(stream.seed), 2,
                                                       stream.probability),
                              expected));
        EXPECT_EQ(y.strides(), x.strides());
        const torch::Tensor gradient = torch::randn(shape).to(type);
        y.backward(last ? gradient.contiguous(torch::MemoryFormat::ChannelsLast) : gradient);
        EXPECT_TRUE(same_bits(x.grad(), (gradient.to(torch::kFloat32) * factors).to(type)));
        launched += 2;
      }
  EXPECT_EQ(launches.of("drop_units"), launched);
}

TEST(DeviceDropout, DecidesAnewBeyondTheFirstHalfMillionUnits) {
  constexpr int64_t kUnits = 2 * (1 << 19) + 5;
  const Launches launches;
  const torch::Tensor x = torch::ones({1, kUnits}), ids = torch::tensor({int64_t{7}});
  const torch::Tensor y = drop_units(x, ids, whole(3), {4, 2, 0.5});
  EXPECT_TRUE(same_bits(y, device_plain::drop_units(x, ids, whole(3), 4, 2, 0.5)));
  const torch::Tensor half = y.slice(1, 0, 1 << 19), other = y.slice(1, 1 << 19, 1 << 20);
  EXPECT_NEAR(half.ne(other).to(torch::kFloat64).mean().item<double>(), 0.5, 0.01);
}

TEST(AddAndRectify, IsInPlace) {
  const Launches launches;
  torch::manual_seed(4);
  int64_t launched = 0;
  const std::vector<DeviceRectifier> rectifiers = {{}, {.on = true}, {.on = true, .slope = 0.1F, .most = 0.7F}};
  for (const auto& shape :
       std::vector<std::vector<int64_t>>{{1, 1}, {7, 300}, {3, 37, 5, 5}, {2, 16, 9, 9}, {33, 8, 6, 6}})
    for (const auto type : {torch::kFloat32, torch::kBFloat16})
      for (const bool last : {false, true})
        for (int which = 0; which < 4; ++which)
          for (const DeviceRectifier& by : rectifiers) {
            const auto format =
                last && shape.size() == 4 ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
            torch::Tensor x = torch::randn(shape).to(type).contiguous(format);
            const torch::Tensor bias = which % 2 == 0 ? torch::randn({shape[1]}) : torch::Tensor(),
                                added = which / 2 == 0 ? torch::randn(shape).to(type) : torch::Tensor();
            torch::Tensor expected = x.to(torch::kFloat64);
            std::vector<int64_t> by_channel(shape.size(), 1);
            by_channel[1] = shape[1];
            if (bias.defined()) expected = expected + bias.to(torch::kFloat64).reshape(by_channel);
            if (added.defined()) expected = expected + added.to(torch::kFloat64);
            expected = rectified(expected, by);
            const torch::Tensor plain = x.clone();
            device_plain::add_and_rectify(plain, bias.defined() ? MaybeTensor(bias) : MaybeTensor(),
                                          added.defined() ? MaybeTensor(added) : MaybeTensor(), by.on, by.slope,
                                          by.most);
            const void* memory = x.data_ptr();
            add_and_rectify(x, bias, added, by);
            EXPECT_EQ(x.data_ptr(), memory);
            EXPECT_LT(distance(x, expected), tolerance_of(type));
            EXPECT_TRUE(same_bits(x, plain));
            ++launched;
          }
  EXPECT_EQ(launches.of("add_and_rectify"), launched);
}

}  // namespace
}  // namespace limbeck

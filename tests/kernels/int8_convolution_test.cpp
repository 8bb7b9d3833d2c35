// Convolution of bytes against its definition in float64.
#include "kernels/int8_convolution.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace limbeck {
namespace {

struct Case {
  int64_t in, out, kernel, stride, padding, height, width;
  bool shortcut, rectifier;
};

class BytesTest : public testing::TestWithParam<Case> {};

torch::Tensor grid_value(const torch::Tensor& bytes, const ByteGrid& grid) {
  return (bytes.to(torch::kFloat64) - grid.zero) * grid.scale;
}

torch::Tensor grid_byte(const torch::Tensor& value, const ByteGrid& grid) {
  return ((value / grid.scale).round() + grid.zero).clamp(0, 255);
}

TEST_P(BytesTest, AreThoseOfTheDefinition) {
  const Case& it = GetParam();
  constexpr int64_t kImages = 3;
  torch::manual_seed(1);
  const ByteGrid input(0.0203F, 7), product(0.0473F, 120), of_added(0.0311F, 11),
      output(0.0397F, it.rectifier ? 0 : 90);
  const torch::Tensor x = torch::randint(0, 256, {kImages, it.height, it.width, it.in}, torch::kByte),
                      p = torch::randint(-63, 64, {it.out, it.in, it.kernel, it.kernel}, torch::kChar),
                      scales = torch::rand({it.out}) * 0.01 + 0.001, bias = torch::randn({it.out});
  Int8Patches shape{{.images = kImages,
                     .height = it.height,
                     .width = it.width,
                     .in = it.in,
                     .out = it.out,
                     .kernel = it.kernel,
                     .stride = it.stride,
                     .padding = it.padding}};
  const std::vector<int64_t> sizes = {kImages, shape.out_height(), shape.out_width(), it.out};
  const torch::Tensor added = torch::randint(0, 256, sizes, torch::kByte);

  const torch::Tensor real = torch::conv2d(grid_value(x, input).permute({0, 3, 1, 2}),
                                           p.to(torch::kFloat64) * scales.reshape({-1, 1, 1, 1}).to(torch::kFloat64),
                                           bias.to(torch::kFloat64), it.stride, it.padding)
                                 .permute({0, 2, 3, 1});
  torch::Tensor expected = real;
  if (it.shortcut) expected = grid_value(grid_byte(real, product), product) + grid_value(added, of_added);
  if (it.rectifier) expected = expected.clamp(0, 6);
  expected = grid_byte(expected, output);

  const torch::Tensor start = (p.to(torch::kInt).sum({1, 2, 3}, false, torch::kInt) * -input.zero).contiguous(),
                      scale = (scales * input.scale).contiguous(),
                      packed = torch::empty({shape.weights()}, torch::kChar);
  pack_int8_weights(shape, p.data_ptr<int8_t>(), packed.data_ptr<int8_t>());
  const Int8Epilogue epilogue{.outside = input.zero,
                              .start = start.data_ptr<int32_t>(),
                              .scale = scale.data_ptr<float>(),
                              .bias = bias.data_ptr<float>(),
                              .product = it.shortcut ? &product : nullptr,
                              .added = it.shortcut ? added.data_ptr<uint8_t>() : nullptr,
                              .of_added = of_added,
                              .rectifier = {.on = it.rectifier, .most = 6},
                              .output = output};
  std::vector<uint8_t> workspace(static_cast<size_t>(shape.workspace()));
  for (const bool wide : {true, false}) {
    shape.wide = wide;
    torch::Tensor y = torch::zeros(sizes, torch::kByte);
    for (int64_t block = 0; block < shape.blocks(); ++block)
      convolve_int8(shape, x.data_ptr<uint8_t>(), packed.data_ptr<int8_t>(), epilogue, y.data_ptr<uint8_t>(), block,
                    workspace.data());
    // Sums are exact; a value in the middle between two bytes may go to either, once or twice.
    const torch::Tensor far = (y.to(torch::kFloat64) - expected).abs();
    EXPECT_LE(far.max().item<double>(), it.shortcut ? 2 : 1) << wide;
    EXPECT_LT(far.gt(0).to(torch::kFloat64).mean().item<double>(), 0.001) << wide;
    EXPECT_GT(y.to(torch::kFloat).std().item<double>(), 5) << wide;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, BytesTest,
    testing::Values(Case{16, 16, 3, 1, 1, 32, 32, false, true}, Case{16, 16, 3, 1, 1, 9, 13, true, true},
                    Case{4, 32, 3, 1, 1, 8, 8, false, true}, Case{16, 48, 3, 2, 1, 15, 17, true, false},
                    Case{32, 64, 1, 2, 0, 16, 16, false, false}, Case{64, 32, 1, 1, 0, 5, 7, true, true},
                    Case{8, 16, 5, 2, 2, 11, 11, false, true}, Case{12, 16, 3, 1, 0, 6, 6, false, false}));

TEST(Bytes, ComeFromFloatsAndBack) {
  const ByteGrid grid(0.5F, 10);
  const std::vector<float> floats = {-100, -5, 0, 0.6F, 3, 1000};
  std::vector<uint8_t> bytes(8, 99);
  floats_to_bytes(floats.data(), 2, 3, 4, grid, bytes.data());
  EXPECT_EQ(bytes, (std::vector<uint8_t>{0, 0, 10, 10, 11, 16, 255, 10}));
  std::vector<float> back(6);
  bytes_to_floats(bytes.data(), 2, 3, 4, grid, back.data());
  EXPECT_EQ(back, (std::vector<float>{-5, -5, 0, 0.5F, 3, 122.5F}));
}

}  // namespace
}  // namespace limbeck

#pragma once
// Runs ONNX files in onnxruntime, by the Node.js package in tests/onnx.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/json.h"
#include "core/subprocess.h"
#include "support/temporary_folder.h"

namespace limbeck {

class OnnxruntimeTest : public TemporaryFolder {
 protected:
  /// Adds a model that is to be run on `input`.
  void add(const std::string& name, const std::string& onnx, const torch::Tensor& input) {
    write_file(folder / (name + ".onnx"), onnx);
    const torch::Tensor held = input.contiguous();
    write_file(folder / (name + ".input"), std::string(static_cast<const char*>(held.data_ptr()), held.nbytes()));
    cases_.push_back({{"name", name},
                      {"type", input.scalar_type() == torch::kUInt8 ? "uint8" : "float32"},
                      {"shape", input.sizes().vec()}});
  }

  /// Runs all that were added.
  void run_all() {
    write_file(folder / "cases.json", cases_.dump());
    Subprocess node({LIMBECK_NODE, std::string(LIMBECK_TESTS) + "/onnx/run.mjs", folder.string()}, folder / "log");
    ASSERT_EQ(node.wait(), 0) << read_file(folder / "log");
  }

  /// [N, C] of a model that was run.
  torch::Tensor output(const std::string& name, int64_t rows) {
    const fs::path error = folder / (name + ".error");
    EXPECT_FALSE(fs::exists(error)) << name << ": " << read_file(error);
    if (fs::exists(error)) return torch::zeros({rows, 1});
    std::string bytes = read_file(folder / (name + ".output"));
    return torch::from_blob(bytes.data(), {static_cast<int64_t>(bytes.size() / sizeof(float))}, torch::kFloat32)
        .clone()
        .reshape({rows, -1});
  }

  /// That two networks' logits are the same to rounding, and name the same class where the choice is not a matter of
  /// rounding.
  static void expect_same(const torch::Tensor& expected, const torch::Tensor& given, const std::string& what) {
    ASSERT_EQ(expected.sizes(), given.sizes()) << what;
    const double largest = expected.abs().max().item<double>();
    EXPECT_LT((expected - given).abs().max().item<double>(), 1e-4 * largest) << what;
    const torch::Tensor top = std::get<0>(expected.topk(2, 1));
    const torch::Tensor clear = (top.select(1, 0) - top.select(1, 1)) > 2e-4 * largest;
    EXPECT_TRUE(expected.argmax(1).eq(given.argmax(1)).logical_or(clear.logical_not()).all().item<bool>()) << what;
  }

 private:
  Json cases_ = Json::array();
};

}  // namespace limbeck

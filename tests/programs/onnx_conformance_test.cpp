// ONNX's own tests of its operations (Debian's libonnx-testdata): what is read gives what they expect; all else is
// refused. docs/onnx-operations.md lists both, and says how it is written.

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>
#include <torch/script.h>
#include <torch/utils.h>

#include <cstdlib>
#include <map>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "programs/onnx_operations.h"
#include "programs/onnx_program.h"
#include "programs/torch_reason.h"

namespace limbeck {
namespace {

const fs::path kOnnxData = "/usr/share/libonnx-testdata/data";

/// Of Debian 12's package, ONNX 1.12; later ones have more cases.
constexpr size_t kCases = 1072, kPassed = 925;

struct OnnxCase {
  enum class Verdict { passed, refused, wrong } verdict = Verdict::wrong;
  std::string operation;  ///< that it is of
  std::string why;
};

torch::Tensor tensor_in(const fs::path& file) {
  onnx::TensorProto tensor;
  if (!tensor.ParseFromString(read_file(file))) throw Error("it is no tensor");
  return OnnxTensorReader(file).read(tensor);
}

/// input_0.pb, input_1.pb, …
std::vector<torch::Tensor> tensors_in(const fs::path& folder, const std::string& name) {
  std::vector<torch::Tensor> all;
  for (int i = 0;; ++i) {
    const fs::path file = folder / fmt::format("{}_{}.pb", name, i);
    if (!fs::exists(file)) return all;
    all.push_back(tensor_in(file));
  }
}

/// The operation that a case is of: the only one of its nodes, or that which its name begins with.
std::string operation_of(const onnx::GraphProto& graph) {
  std::set<std::string> all;
  for (const onnx::NodeProto& node : graph.node()) all.insert(node.op_type());
  for (const char* other : {"Constant", "Identity", "Cast"})
    if (all.size() > 1) all.erase(other);
  return all.size() == 1 ? *all.begin() : "several";
}

bool agrees(const torch::Tensor& expected, const torch::Tensor& found) {
  if (expected.sizes() != found.sizes() || expected.scalar_type() != found.scalar_type()) return false;
  return torch::allclose(found.to(torch::kFloat64), expected.to(torch::kFloat64), 1e-3, 1e-5, /*equal_nan=*/true);
}

std::vector<torch::Tensor> results_of(torch::jit::Module& module, const std::vector<torch::Tensor>& inputs) {
  const torch::NoGradGuard no_gradient;
  module.eval();
  const torch::IValue returned = module.forward({inputs.begin(), inputs.end()});
  if (returned.isTensor()) return {returned.toTensor()};
  std::vector<torch::Tensor> all;
  for (const auto& entry : returned.toGenericDict()) all.push_back(entry.value().toTensor());
  return all;
}

/// Whole numbers beside the first input are most often axes, shapes and counts, which programs are made for; a case is
/// first tried without.
std::vector<torch::Tensor> run_case(const std::string& content, const fs::path& file,
                                    const std::vector<torch::Tensor>& inputs) {
  const auto run = [&](bool with_constants) {
    std::vector<OnnxExample> examples;
    std::vector<torch::Tensor> given;
    for (const torch::Tensor& input : inputs) {
      const bool is_constant = with_constants && !examples.empty();
      examples.push_back({input, is_constant});
      if (!is_constant) given.push_back(input);
    }
    torch::jit::Module module = read_onnx_function(content, file, examples);
    return results_of(module, given);
  };
  try {
    return run(false);
  } catch (const Error&) {
    return run(true);
  }
}

OnnxCase verdict_of(const fs::path& folder) {
  OnnxCase result;
  const fs::path file = folder / "model.onnx";
  const std::string content = read_file(file);
  onnx::ModelProto model;
  model.ParseFromString(content);
  result.operation = operation_of(model.graph());
  std::vector<torch::Tensor> found;
  const auto refused = [&](const std::string& why) {
    result.verdict = OnnxCase::Verdict::refused;
    result.why = why;
    return result;
  };
  for (const auto* values : {&model.graph().input(), &model.graph().output()})
    for (const onnx::ValueInfoProto& value : *values)
      if (!value.type().has_tensor_type()) return refused("sequences, optional values");
  std::vector<torch::Tensor> inputs, expected;
  try {
    inputs = tensors_in(folder / "test_data_set_0", "input");
    expected = tensors_in(folder / "test_data_set_0", "output");
  } catch (const std::exception& error) {
    return refused(error.what());
  }
  try {
    found = run_case(content, file, inputs);
  } catch (const Error& error) {
    std::string why = error.what();
    constexpr std::string_view kBehindNode = "): ";
    if (const size_t at = why.find(file.string()); at != std::string::npos) why.erase(0, at + file.string().size() + 2);
    if (const size_t at = why.find(kBehindNode); at != std::string::npos) why.erase(0, at + kBehindNode.size());
    return refused(why);
  } catch (const std::exception& error) {
    result.why = "fails where it runs: " + torch_reason(error);
    return result;
  }
  bool all = expected.size() == found.size() && !expected.empty();
  for (size_t i = 0; all && i < expected.size(); ++i) all = agrees(expected[i], found[i]);
  result.verdict = all ? OnnxCase::Verdict::passed : OnnxCase::Verdict::wrong;
  if (!all) {
    std::ostringstream text;
    for (size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
      if (i < found.size()) text << " found " << found[i].sizes() << found[i].scalar_type();
      if (i < expected.size()) text << " expected " << expected[i].sizes() << expected[i].scalar_type();
    }
    result.why = text.str();
  }
  return result;
}

std::map<std::string, OnnxCase> all_cases() {
  std::map<std::string, OnnxCase> cases;
  for (const char* group : {"node", "simple", "pytorch-operator", "pytorch-converted"})
    for (const fs::directory_entry& entry : fs::directory_iterator(kOnnxData / group))
      if (fs::exists(entry.path() / "model.onnx"))
        cases[fmt::format("{}/{}", group, entry.path().filename().string())] = verdict_of(entry.path());
  return cases;
}

/// docs/onnx-operations.md
std::string page_of(const std::map<std::string, OnnxCase>& cases) {
  struct Row {
    size_t passed = 0, refused = 0;
    std::set<std::string> reasons;
  };
  std::map<std::string, Row> rows;
  for (const std::string& name : onnx_operation_names()) rows[name];
  for (const auto& [name, result] : cases) {
    Row& row = rows[result.operation];
    (result.verdict == OnnxCase::Verdict::passed ? row.passed : row.refused) += 1;
    if (result.verdict == OnnxCase::Verdict::refused) row.reasons.insert(result.why);
  }
  std::string page = fmt::format(
      "# ONNX operations\n\nWhat of ONNX is read as a network, by ONNX's own tests of its operations (release 1.12, {} "
      "cases). None is computed\n"
      "wrongly: what is not read is refused, with the reason. Operations without numbers are read, but ONNX has no "
      "test of\n"
      "them. Networks also keep to one input, a batch of examples; see `src/programs/onnx_program.h`.\n\n"
      "`several`: models of more than one operation. This page is written by `build/release/tests/test_programs`, "
      "with\n"
      "`LIMBECK_WRITE_ONNX_OPERATIONS=docs/onnx-operations.md` and `--gtest_filter='OnnxConformance.*'`.\n\n"
      "| operation | passed | refused | why |\n| --- | --- | --- | --- |\n",
      cases.size());
  for (const auto& [name, row] : rows) {
    std::string reasons;
    for (std::string reason : row.reasons) {
      for (size_t at = reason.find('|'); at != std::string::npos; at = reason.find('|', at + 2))
        reason.insert(at, "\\");
      reasons += (reasons.empty() ? "" : "; ") + reason;
    }
    const auto count = [&row = row](size_t number) {
      return row.passed + row.refused == 0 ? std::string() : std::to_string(number);
    };
    page += fmt::format("| {} | {} | {} | {} |\n", name, count(row.passed), count(row.refused), reasons);
  }
  return page;
}

TEST(OnnxConformance, WhatIsReadGivesWhatOnnxExpects) {
  if (!fs::exists(kOnnxData)) GTEST_SKIP() << "ONNX's tests are not here: apt install libonnx-testdata";
  const std::map<std::string, OnnxCase> cases = all_cases();
  size_t passed = 0;
  for (const auto& [name, result] : cases) {
    EXPECT_NE(result.verdict, OnnxCase::Verdict::wrong) << name << ": " << result.why;
    passed += result.verdict == OnnxCase::Verdict::passed ? 1 : 0;
  }
  if (cases.size() != kCases) {
    EXPECT_GT(passed, kPassed);
    return;
  }
  EXPECT_EQ(passed, kPassed);
  const std::string page = page_of(cases);
  if (const char* file = std::getenv("LIMBECK_WRITE_ONNX_OPERATIONS")) write_file(file, page);
  EXPECT_EQ(read_file(fs::path(LIMBECK_TESTS) / ".." / "docs" / "onnx-operations.md"), page)
      << "docs/onnx-operations.md is old; it says how it is written";
}

}  // namespace
}  // namespace limbeck

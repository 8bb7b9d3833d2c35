#include <gtest/gtest.h>
#include <torch/script.h>

#include <random>

#include "core/error.h"
#include "programs/exported_program.h"
#include "programs/pickled_tensors.h"
#include "support/export_writer.h"
#include "support/small_programs.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

std::string refusal(const std::string& content) {
  return message_of<Error>([&] { read_exported_program(content, "m.pt2"); });
}

/// What is said of the program with `from` replaced by `to` in one of its files.
std::string refusal_of_changed(const std::string& file, const std::string& from, const std::string& to) {
  ArchiveFiles files = small_export().files();
  for (auto& [name, content] : files) {
    const size_t at = name == "m/" + file ? content.find(from) : std::string::npos;
    if (at == std::string::npos) continue;
    content.replace(at, from.size(), to);
    return refusal(zip_archive(files));
  }
  ADD_FAILURE() << from << " is not in " << file;
  return "";
}

void expect_part(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << message << "\n  lacks: " << part;
  EXPECT_TRUE(message.starts_with("'m.pt2")) << message;
  EXPECT_LT(message.size(), 600U) << message;
}

TEST(ExportedDamage, IsNamed) {
  const std::string model = "models/model.json", weights = "data/weights/model_weights_config.json";
  expect_part(refusal(""), "its directory is missing");
  expect_part(refusal_of_changed(model, R"("dim", "arg": {"as_int": 0})", R"("dim", "arg": {"as_int": "0"})"),
              R"(the node 'n1' of torch.ops.aten.sym_size.int: expected an integer, got "0")");
  expect_part(
      refusal_of_changed(model, R"({"as_tensor": {"name": "v_scale"}}, "kind")", R"({"as_tensor": "v"}, "kind")"),
      R"(expected an object with 'name', got "v")");
  expect_part(refusal_of_changed(model, R"("arg": {"as_int": 0})", R"("arg": {})"), "an object with one key");
  expect_part(refusal_of_changed(model, "\"nodes\": [", "\"nodes\": [3, "), "expected an object with 'target', got 3");
  expect_part(refusal_of_changed(model, R"({"name": "y"}}, "kind")", R"({"name": "later"}}, "kind")"),
              "the node 'n2' of torch.ops.aten.view.default: uses 'later', which no node before it gives");
  expect_part(
      refusal_of_changed(model, "aten.linear.default", "aten.unknown.default"),
      "the node 'n0' of torch.ops.aten.unknown.default: LibTorch 1.13.0 has no operation 'aten::unknown.default'");
  expect_part(refusal_of_changed(model, "aten.linear.default", "aten.from_file.default"), "has no operation");
  expect_part(refusal_of_changed(model, "aten.linear.default", "aten.save.default"), "has no operation");
  expect_part(refusal_of_changed(model, "torch.ops.aten.linear.default", "torch.ops.other.linear.default"),
              "is an operation that is not read");
  expect_part(refusal_of_changed(model, "torch.ops.aten.linear.default", "torch.ops.higher_order.cond"),
              "torch.ops.higher_order.cond: is an operation with programs of its own");
  expect_part(refusal_of_changed(model, R"("weight", "arg")", R"("strength", "arg")"), "has the argument 'strength'");
  expect_part(refusal_of_changed(model, R"("name": "weight", "arg": {"as_tensor": {"name": "v_fc_weight"}})",
                                 R"("name": "weight", "arg": {"as_ints": [1]})"),
              "of torch.ops.aten.linear.default");
  expect_part(refusal_of_changed(model, R"({"graph_module":)", R"({"graph":)"), "an object with 'graph_module'");
  expect_part(refusal_of_changed(model, "{\"graph_module\":", "{"), "is not valid JSON");
  expect_part(refusal_of_changed(model, "fc.weight\"}}", "fc.other\"}}"), "has no tensor for 'fc.other'");
  expect_part(refusal_of_changed("archive_format", "pt2", "pt3"), "its archive_format is not pt2");
  expect_part(refusal_of_changed("byteorder", "little", "big"), "big-endian");
  expect_part(refusal_of_changed(weights, "\"dtype\": 7", "\"dtype\": 30"),
              "the weight 'fc.weight': elements of an unknown type");
  expect_part(refusal_of_changed(weights, "\"layout\": 7", "\"layout\": 1"), "not strided");
  expect_part(refusal_of_changed(weights, "weight_0", "weight_9"), "has no entry 'm/data/weights/weight_9'");
  expect_part(refusal_of_changed(weights, R"([{"as_int": 3}, {"as_int": 4}])", R"([{"as_int": 3}])"),
              "1 sizes and 2 strides");
}

TEST(ExportedDamage, OfPlacesInMemoryIsNamed) {
  const std::string weights = "data/weights/model_weights_config.json", sizes = R"([{"as_int": 3}, {"as_int": 4}])";
  const auto outside = [&](const std::string& from, const std::string& to) {
    expect_part(refusal_of_changed(weights, from, to), "does not lie in its 12 elements");
  };
  outside(sizes, R"([{"as_int": 4}, {"as_int": 4}])");
  outside(sizes, R"([{"as_int": -3}, {"as_int": -4}])");
  outside(sizes, R"([{"as_int": 4611686018427387904}, {"as_int": 4}])");
  outside(R"([{"as_int": 4}, {"as_int": 1}])", R"([{"as_int": 4}, {"as_int": 2}])");
  outside(R"([{"as_int": 4}, {"as_int": 1}])", R"([{"as_int": -4}, {"as_int": 1}])");
  outside(R"([{"as_int": 4}, {"as_int": 1}])", R"([{"as_int": 9223372036854775807}, {"as_int": 1}])");
  outside(R"("storage_offset": {"as_int": 0})", R"("storage_offset": {"as_int": 1})");
  outside(R"("storage_offset": {"as_int": 0})", R"("storage_offset": {"as_int": -1})");
  expect_part(refusal_of_changed(weights, sizes, R"([{"as_int": 9223372036854775808}, {"as_int": 4}])"), "of 64 bits");
  // much that repeats a little
  outside(sizes + R"(, "requires_grad": true, "device": {"type": "cpu", "index": null}, )"
                  R"("strides": [{"as_int": 4}, {"as_int": 1}])",
          R"([{"as_int": 1099511627776}, {"as_int": 1}], "requires_grad": true, )"
          R"("strides": [{"as_int": 0}, {"as_int": 0}])");
}

TEST(ExportedDamage, OfWholeFilesIsNamed) {
  ArchiveFiles files = small_export().files();
  ArchiveFiles two = files;
  two.emplace_back("m/models/other.json", "{}");
  expect_part(refusal(zip_archive(two)), "it has 2 programs");
  ArchiveFiles compiled = {{"m/archive_format", "pt2"}, {"m/data/aotinductor/model/x.so", "x"}};
  expect_part(refusal(zip_archive(compiled)), "compiled by AOTInductor");
  expect_part(refusal(zip_archive({{"a/data.pkl", "x"}})), "neither an archive_format nor");
  expect_part(refusal(zip_archive(files, true)), "is compressed");
  for (auto& [name, content] : files)
    if (name == "m/data/weights/weight_0") content.clear();
  expect_part(refusal(zip_archive(files)), "holds no weights");
}

TEST(ExportedDamage, OfTheSignatureIsNamed) {
  ExportWriter two;
  two.input("x");
  two.input("mask");
  two.output("x");
  expect_part(refusal(two.content()), "takes 2 inputs: 'x', 'mask'; expected one tensor");
  ExportWriter none;
  none.parameter("w", torch::ones({1}));
  none.output("v_w");
  expect_part(refusal(none.content()), "takes 0 inputs");
  const auto returning = [](const std::string& spec) {
    ExportWriter writer;
    writer.buffer("b", torch::ones({1}));
    writer.input("x");
    writer.output(spec);
    return refusal(writer.content());
  };
  expect_part(returning(R"({"loss_output": {"arg": {"name": "x"}}})"), "returns something of the kind 'loss_output'");
  expect_part(returning(R"({"gradient_to_parameter": {"arg": {"name": "x"}, "parameter_name": "w"}})"),
              "export the network");
  expect_part(returning(R"({"user_output": {"arg": {"as_none": true}}})"), "returns no tensor");
  expect_part(returning(R"({"user_output": {"arg": {"as_tensor": {"name": "z"}}}})"), "uses 'z'");
}

TEST(ExportedDamage, ResultsOfTrainingAloneAreRefusedWhereTheyAreUsed) {
  ExportWriter writer;
  writer.input("x");
  writer.node("aten.native_layer_norm.default",
              arguments(tensor_argument("input", "x"), argument("normalized_shape", "as_ints", "[4]"),
                        argument("eps", "as_float", "0.1")),
              "y mean rstd");
  writer.output("mean");
  expect_part(refusal(writer.content()), "uses 'mean', which no node before it gives, or a result that is not read");
}

TEST(ExportedDamage, OfPicklesIsNamed) {
  const std::string good = saved_tensors({{"w", torch::ones({2, 2})}});
  EXPECT_TRUE(read_pickled_tensors(good, "m").at("w").equal(torch::ones({2, 2})));
  const auto pickled = [](const std::string& pickle) {
    return message_of<Error>([&] {
      read_pickled_tensors(zip_archive({{"a/data.pkl", pickle}, {"a/data/0", "1234"}}), "m");
    });
  };
  const auto expect = [&](const std::string& pickle, const std::string& part) {
    EXPECT_NE(pickled(pickle).find(part), std::string::npos) << pickled(pickle);
  };
  expect("\x80\2}", "ends too early");
  expect("\x80\2.", "takes from an empty stack");
  expect("\x80\2K\1.", "neither a dict nor a tensor");
  expect("\x80\2h\7.", "refers to something that is not there");
  expect("\x80\2u.", "a mark that is not set");
  expect("\x80\2\xff.", "an unknown operation 0xff");
  expect("\x80\2K\1Q.", "something else for a list");
  expect("\x80\2)Q.", "no memory");
  expect("\x80\2ctorch._utils\n_rebuild_tensor_v2\n)R.", "has no memory");
  EXPECT_NE(message_of<Error>([&] {
              read_pickled_tensors(zip_archive({{"a/b", "x"}}), "m");
            }).find("no data.pkl"),
            std::string::npos);
  // A class is neither imported nor made.
  using std::string_literals::operator""s;
  const std::string call = "}X\1\0\0\0acos\nsystem\n(X\1\0\0\0atRs."s;
  EXPECT_TRUE(read_pickled_tensors(zip_archive({{"a/data.pkl", call}}), "m").empty());
}

/// A program, or an Error; never anything else.
bool is_read(const std::string& content) {
  try {
    read_exported_program(content, "m.pt2");
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(ExportedDamage, NeverDoesHarm) {
  std::mt19937 random(7);
  const auto below = [&](size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random); };
  for (const auto layout : {ExportWriter::Layout::new_files, ExportWriter::Layout::old_files}) {
    const std::string content = small_export().content(layout);
    ASSERT_TRUE(is_read(content));
    for (int i = 0; i < 60; ++i) EXPECT_FALSE(is_read(content.substr(0, below(content.size()))));
    for (int i = 0; i < 200; ++i) {
      std::string changed = content;
      changed[below(changed.size())] ^= static_cast<char>(1 << below(8));
      is_read(changed);
    }
  }
  // Behind right checksums.
  const ArchiveFiles files = small_export().files();
  for (int i = 0; i < 600; ++i) {
    ArchiveFiles changed = files;
    std::string& file = changed[below(changed.size())].second;
    for (size_t times = below(3) + 1; times > 0 && !file.empty(); --times) {
      const size_t at = below(file.size());
      if (below(2) == 0)
        file[at] = "0123456789\"{}[],:xn-"[below(20)];
      else
        file.erase(at, below(20));
    }
    is_read(zip_archive(changed));
  }
  const std::string pickles = saved_tensors({{"w", torch::ones({2, 2}).requires_grad_()}, {"v", torch::ones({3})}});
  const size_t begin = pickles.find("\x80\2"), end = pickles.find("PK", begin);
  for (int i = 0; i < 600; ++i) {
    std::string pickle = pickles.substr(begin, end - begin);
    for (size_t times = below(3) + 1; times > 0; --times) pickle[below(pickle.size())] = static_cast<char>(below(256));
    const std::string file =
        zip_archive({{"a/data.pkl", pickle}, {"a/data/0", std::string(16, '\0')}, {"a/data/1", std::string(12, '\0')}});
    try {
      read_pickled_tensors(file, "m");
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace limbeck

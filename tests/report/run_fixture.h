#pragma once
// Run folders as an experiment leaves them, written into a temporary folder that goes away with the test.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "report/statistics.h"

namespace limbeck::report_test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "limbeck-report-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// How many errors each stage of a run makes.
struct StageErrors {
  int teacher = 7, baseline = 20, distilled = 9;
};

inline constexpr int kExamples = 1000;
inline const std::vector<std::string> kClasses = {"2", "3", "7"};

inline int errors_of(const StageErrors& errors, const std::string& stage) {
  return stage == "teacher" ? errors.teacher : stage == "baseline" ? errors.baseline : errors.distilled;
}

inline Json evaluation(int errors, bool taught) {
  Json numbers = {{"examples", kExamples},
                  {"errors", errors},
                  {"accuracy", 1.0 - errors / static_cast<double>(kExamples)},
                  {"nll", errors * 0.004},
                  {"ece", errors * 0.0005}};
  numbers["agreement"] = taught ? Json(0.99) : Json(nullptr);
  numbers["teacher_kl"] = taught ? Json(0.0123) : Json(nullptr);
  return numbers;
}

inline Json stage(const std::string& name, const std::string& network, int errors) {
  const bool large = network == "large", taught = name == "distilled";
  return {{"name", name},
          {"status", "done"},
          {"seconds", large ? 75.0 : 12.3},
          {"examples_per_second", large ? 14500.0 : 31800.0},
          {"epochs", 5},
          {"network",
           {{"name", network},
            {"description", large ? "mlp 1200-1200" : "mlp 800-800"},
            {"parameters", large ? 2395210 : 1276810},
            {"multiply_adds", large ? 2392800 : 1275200}}},
          {"teacher", taught ? Json("teacher") : Json(nullptr)},
          {"objective", taught ? "0.9 soft_targets (T 20) + 0.1 hard_labels" : "hard_labels"},
          {"evaluations", {{"test", evaluation(errors, taught)}}},
          {"weights", "stages/" + name + "/weights.safetensors"}};
}

/// All errors are 2s taken for 7s, so that the numbers can be followed by hand.
inline Json details(int errors, bool taught) {
  Json detail = evaluation(errors, taught);
  detail["per_class"] = {
      {{"class", "2"}, {"examples", 400}, {"errors", errors}, {"recall", 1 - errors / 400.0}, {"precision", 1.0}},
      {{"class", "3"}, {"examples", 300}, {"errors", 0}, {"recall", 1.0}, {"precision", 1.0}},
      {{"class", "7"}, {"examples", 300}, {"errors", 0}, {"recall", 1.0}, {"precision", 300.0 / (300 + errors)}}};
  detail["confusion"] = {{400 - errors, 0, errors}, {0, 300, 0}, {0, 0, 300}};
  detail["reliability"] = {
      {{"low", 0.0}, {"high", 0.5}, {"count", 0}, {"confidence", nullptr}, {"accuracy", nullptr}},
      {{"low", 0.5}, {"high", 1.0}, {"count", kExamples}, {"confidence", 0.98}, {"accuracy", 1 - errors / 1000.0}}};
  return {{"test", detail}};
}

inline std::string metrics(int errors, bool taught) {
  std::string lines;
  for (int epoch = 1; epoch <= 5; ++epoch) {
    const double error = 0.1 / epoch + errors / 1000.0;
    Json terms =
        taught ? Json{{"soft_targets", 0.5 / epoch}, {"hard_labels", 0.1 / epoch}} : Json{{"hard_labels", 0.4 / epoch}};
    lines += Json{{"epoch", epoch},
                  {"epochs", 5},
                  {"learning_rate", 0.1 / epoch},
                  {"train", {{"examples", 900}, {"loss", 0.6 / epoch}, {"accuracy", 1 - error}}},
                  {"terms", std::move(terms)},
                  {"validation", {{"examples", 100}, {"loss", 0.5}, {"accuracy", 1 - error}}}}
                 .dump() +
             "\n";
  }
  return lines;
}

inline Json examples() {
  Json pixels = Json::array();
  for (int i = 0; i < 16; ++i) pixels.push_back(i * 17);
  return {{"split", "test"},
          {"temperatures", {1, 4, 20}},
          {"examples",
           {{{"id", 17},
             {"label", 0},
             {"shape", {1, 4, 4}},
             {"pixels", pixels},
             {"logits", {{"baseline", {9, 1, 2}}, {"teacher", {8, 3, 4}}, {"distilled", {7, 3, 4}}}}}}}};
}

/// The mean, and the entry of "over_seeds", of one number of all runs.
inline Json over_seeds(const std::vector<Json>& runs, size_t stage, const std::string& key) {
  std::vector<double> values;
  for (const Json& run : runs) {
    const Json& value = run["stages"][stage]["evaluations"]["test"][key];
    if (value.is_number()) values.push_back(value.get<double>());
  }
  if (values.empty()) return nullptr;
  return {{"mean", mean_of(values)}, {"deviation", deviation_of(values)}, {"values", values}};
}

/// The results of a teacher, a baseline and a distilled student on three classes, with these errors of 1,000 examples.
inline Json single_results(int seed, const StageErrors& errors) {
  return {{"name", "hinton2015-mnist"},
          {"format", 1},
          {"version", "0.1.0"},
          {"seed", seed},
          {"data",
           {{"source", "mnist"},
            {"classes", kClasses},
            {"splits", {{"train", 900}, {"validation", 100}, {"test", kExamples}}}}},
          {"environment", {{"processor", "Example 9000"}, {"threads", 2}, {"device", "cpu"}, {"date", "2024-11-21"}}},
          {"stages",
           {stage("teacher", "large", errors.teacher), stage("baseline", "small", errors.baseline),
            stage("distilled", "small", errors.distilled)}},
          {"paper", {{"teacher", {{"errors", 6}}}, {"distilled", {{"errors", 8}}}}}};
}

/// What only some runs have: errors of single classes, of an ensemble's members and of the teacher, the accuracy on the
/// stage's own training examples, the paper's number for one class, and a note.
inline Json richer_results(const StageErrors& errors) {
  Json results = single_results(1, errors);
  Json& student = results["stages"][2];
  student["evaluations"]["test"]["class_errors"] = {{"2", 3}, {"3", 14}};
  student["evaluations"]["test"]["member_errors"] = 12.5;
  student["evaluations"]["test"]["teacher_errors"] = 7;
  student["evaluations"]["test"]["teacher_accuracy"] = 0.993;
  student["evaluations"]["train"] = {{"examples", 900}, {"errors", 1}, {"accuracy", 0.9989}};
  student["note"] = "bias of class 3 raised by 3.4";
  results["paper"]["distilled"]["class_errors"] = {{"3", 133}};
  return results;
}

inline void write_json(const fs::path& file, const Json& content) {
  write_file(file, content.dump(1));
}

/// A complete folder of one seed: results, metrics of five epochs, evaluations, examples and recipe.
inline void write_single_run(const fs::path& folder, int seed, const StageErrors& errors) {
  write_json(folder / "results.json", single_results(seed, errors));
  for (const std::string name : {"teacher", "baseline", "distilled"}) {
    const bool taught = name == "distilled";
    write_file(folder / "stages" / name / "metrics.jsonl", metrics(errors_of(errors, name), taught));
    write_json(folder / "stages" / name / "evaluation.json", details(errors_of(errors, name), taught));
  }
  write_json(folder / "examples.json", examples());
  write_file(folder / "recipe.yaml", "name: hinton2015-mnist\n");
}

/// A complete folder of several seeds, the first of which is 1.
inline void write_several_seeds(const fs::path& folder, const std::vector<StageErrors>& errors) {
  std::vector<Json> runs;
  Json seeds = Json::array();
  for (size_t i = 0; i < errors.size(); ++i) {
    const int seed = static_cast<int>(i) + 1;
    write_single_run(folder / fmt::format("seed-{}", seed), seed, errors[i]);
    runs.push_back(single_results(seed, errors[i]));
    seeds.push_back(seed);
  }
  Json results = runs.front();
  results.erase("seed");
  results["seeds"] = seeds;
  for (size_t i = 0; i < results["stages"].size(); ++i) {
    Json& stage = results["stages"][i];
    stage["over_seeds"] = {{"test", Json::object()}};
    for (const char* key : {"errors", "accuracy", "nll", "ece", "agreement", "teacher_kl"}) {
      const Json over = over_seeds(runs, i, key);
      if (over.is_null()) continue;
      stage["over_seeds"]["test"][key] = over;
      stage["evaluations"]["test"][key] = over["mean"];
    }
  }
  write_json(folder / "results.json", results);
}

/// Fails the test where a tag is not closed or closed twice; the contents of <script> and <style> are passed over.
inline void expect_balanced_tags(const std::string& markup) {
  const std::set<std::string> never_closed = {"meta", "link", "br", "img", "input", "!DOCTYPE"};
  std::vector<std::string> open;
  for (size_t at = markup.find('<'); at != std::string::npos; at = markup.find('<', at)) {
    const size_t end = markup.find('>', at);
    ASSERT_NE(end, std::string::npos) << "a tag without end at " << markup.substr(at, 40);
    const std::string tag = markup.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" \n/", 1) - (tag[0] == '/'));
    at = end + 1;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty()) << "nothing is open at </" << name << ">";
      ASSERT_EQ(open.back(), name) << "closed in the wrong order before " << markup.substr(at, 60);
      open.pop_back();
    } else if (tag.back() != '/' && never_closed.count(name) == 0) {
      open.push_back(name);
      if (name == "script" || name == "style") at = markup.find("</" + name, at);
    }
  }
  EXPECT_TRUE(open.empty()) << open.size() << " tags are left open, the last is " << open.back();
}

/// How often `part` occurs.
inline int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace limbeck::report_test

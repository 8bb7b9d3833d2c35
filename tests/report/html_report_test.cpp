#include "report/html_report.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "report/html.h"
#include "run_fixture.h"

namespace limbeck {
namespace {
using namespace report_test;

const char* const kSectionIds[] = {"results",    "training",     "calibration", "classes",
                                   "confusions", "soft-targets", "settings"};

std::string id(const std::string& section) {
  return "<section id=\"" + section + "\">";
}

TEST(Html, EscapesWhateverCouldBeMarkup) {
  EXPECT_EQ(html_escape("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(html_escape("a\x01"
                        "b\tc"),
            "ab\tc");
}

TEST(Html, KeepsJsonInsideOfItsScript) {
  const std::string text = script_json({{"name", "</script><!--"}});
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(Json::parse(text)["name"], "</script><!--");
}

TEST(HtmlReport, HoldsEverySectionOfACompleteRun) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  const std::string page = html_report(folder.path());
  for (const char* section : kSectionIds) EXPECT_NE(page.find(id(section)), std::string::npos) << section;
  expect_balanced_tags(page);
}

TEST(HtmlReport, HasFiguresWhereTheRecipeOrThePaperHasThem) {
  const TemporaryFolder folder;
  Json results = single_results(1, {});
  results["plots"] = {{{"title", "by epoch"}, {"lines", {{{"name", "a"}, {"points", {{{"x", 1}, {"y", 2}}}}}}}}};
  write_json(folder.path() / "results.json", results);
  const std::string page = html_report(folder.path());
  EXPECT_LT(page.find("<figcaption>Ours and the paper’s"), page.find("<figcaption>by epoch"));
  results.erase("plots");
  results.erase("paper");
  write_json(folder.path() / "results.json", results);
  EXPECT_EQ(html_report(folder.path()).find(id("figures")), std::string::npos);
}

TEST(HtmlReport, ShowsFurtherNumbersAndNotesWhereARunHasThem) {
  const TemporaryFolder folder;
  write_json(folder.path() / "results.json", richer_results({7, 20, 9}));
  const std::string page = html_report(folder.path());
  const std::string results =
      page.substr(page.find(id("results")), page.find(id("figures")) - page.find(id("results")));
  const std::string table = results.substr(0, results.find("</table>"));
  EXPECT_NE(table.find("<small>bias of class 3 raised by 3.4</small>"), std::string::npos) << table;
  EXPECT_NE(table.find("<small>taught by teacher, 7 errors</small>"), std::string::npos) << table;
  EXPECT_NE(table.find("members&#39; errors</abbr></th>"), std::string::npos) << table;
  EXPECT_NE(table.find("train accuracy</th>"), std::string::npos) << table;
  EXPECT_NE(table.find(">99.89 %</td>"), std::string::npos) << table;
  EXPECT_NE(table.find("<small>errors on 3</small>133<small>ours 14 (−119)</small>"), std::string::npos) << table;
  EXPECT_EQ(table.find("errors on 2"), std::string::npos) << "the paper says nothing of class 2:\n" << table;
  EXPECT_NE(page.find("<p>errors on 3: 14 (paper 133, −119)</p>"), std::string::npos);
  expect_balanced_tags(page);
}

TEST(HtmlReport, SetsThePapersNumbersBesideNoOtherSplitThanTheirs) {
  const TemporaryFolder folder;
  write_json(folder.path() / "results.json", richer_results({7, 20, 9}));
  const std::string page = html_report(folder.path());
  const size_t train = page.find("The same on the train split");
  ASSERT_NE(train, std::string::npos);
  const std::string table = page.substr(train, page.find("</details>", train) - train);
  EXPECT_EQ(table.find("paper"), std::string::npos) << table;
  EXPECT_EQ(table.find("train accuracy"), std::string::npos) << "its accuracy is that already:\n" << table;
}

TEST(HtmlReport, AsksForNothingFromOutside) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path(), {{7, 20, 9}, {8, 21, 10}});
  const std::string page = html_report(folder.path());
  for (const char* outside :
       {"http:", "https:", "src=\"/", "href=\"/", "@import", "url(", "fetch(", "XMLHttpRequest", "<script src"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(HtmlReport, CarriesItsStyleAndItsScriptAsTheyAreWritten) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {});
  const std::string page = html_report(folder.path());
  const fs::path web = fs::path(LIMBECK_TESTS) / ".." / "web" / "src";
  EXPECT_NE(page.find("\n" + read_file(web / "report.css") + "</style>"), std::string::npos);
  EXPECT_NE(page.find("<script>\n\n" + read_file(web / "report.js") + "</script>"), std::string::npos);
}

TEST(HtmlReport, SaysWhatDistillationGaveBackAndOfWhichExamples) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  const std::string page = html_report(folder.path());
  EXPECT_NE(page.find("distilled recovers 85 % of the gap: 9 test errors, where baseline makes 20 and teacher 7."),
            std::string::npos);
  EXPECT_NE(page.find("On the test split, 1,000 examples; one seed (1)"), std::string::npos);
  EXPECT_NE(page.find("paper 8 (+1)"), std::string::npos);
  EXPECT_NE(page.find("limbeck run recipe.yaml --seed 1"), std::string::npos);
  EXPECT_NE(page.find("name: hinton2015-mnist"), std::string::npos);  // the recipe's text
}

TEST(HtmlReport, ShowsTheSoftTargetsOfItsExamples) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  const std::string page = html_report(folder.path());
  EXPECT_NE(page.find("the 2 that could be a 7 or a 3"), std::string::npos);
  EXPECT_NE(page.find("data:image/bmp;base64,"), std::string::npos);
  const size_t start = page.find(">", page.find("id=\"examples\"")) + 1;
  const Json data = Json::parse(page.substr(start, page.find("</script>", start) - start));
  EXPECT_EQ(data["names"], Json({"teacher", "baseline", "distilled"}));  // teachers first
  EXPECT_EQ(data["logits"][0][0], Json({8.0, 3.0, 4.0}));
  EXPECT_EQ(data["temperature"], 4);
}

TEST(HtmlReport, PoolsTheCountsOfSeveralSeeds) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path(), {{7, 20, 9}, {9, 22, 10}, {11, 24, 11}});
  const std::string page = html_report(folder.path());
  EXPECT_NE(page.find("test split, 3,000 examples (3 seeds pooled)"), std::string::npos);
  EXPECT_NE(page.find("27 of 1,200 examples"), std::string::npos);  // the teacher's 2s taken for 7s
  EXPECT_NE(page.find("9.0<small> ± 2.0 test errors</small>"), std::string::npos);
  EXPECT_NE(page.find("--seeds 3"), std::string::npos);
  EXPECT_NE(page.find("networks of seed 1"), std::string::npos);
  EXPECT_NE(page.find("faint"), std::string::npos);  // each seed's curve
  expect_balanced_tags(page);
}

TEST(HtmlReport, EscapesNamesThatAreMarkup) {
  const TemporaryFolder folder;
  const std::string hostile = "<img src=x onerror=alert(1)>\"'&";
  Json results = single_results(1, {});
  results["name"] = hostile;
  results["data"]["source"] = hostile;
  results["data"]["classes"] = {hostile, hostile, hostile};
  results["environment"] = {{hostile, hostile}, {"date", hostile}, {"processor", hostile}};
  for (Json& stage : results["stages"]) {
    stage["objective"] = hostile;
    stage["status"] = hostile;
    stage["note"] = hostile;
    stage["network"]["description"] = hostile;
    stage["evaluations"][hostile] = stage["evaluations"]["test"];
    stage["evaluations"]["test"][hostile] = 3;
  }
  results["paper"]["teacher"] = {{hostile, 3}, {"errors", 3}, {"class_errors", {{hostile, 3}}}};
  results["stages"][0]["name"] = "a<b";
  results["stages"][2]["teacher"] = "a<b";
  results["plots"] = {{{"title", hostile},
                       {"x_label", hostile},
                       {"y_label", hostile},
                       {"lines",
                        {{{"name", hostile}, {"points", {{{"x", 1}, {"y", 2}}}}},
                         {{"name", hostile}, {"points", {{{"x", 1}, {"y", 2}}}}}}}}};
  write_single_run(folder.path(), 1, {});
  fs::rename(folder.path() / "stages" / "teacher", folder.path() / "stages" / "a<b");
  write_json(folder.path() / "results.json", results);
  Json metrics = {{"epoch", 1}, {"train", {{"accuracy", 0.9}, {"loss", 1}}}, {"terms", {{hostile, 1}, {"b", 2}}}};
  write_file(folder.path() / "stages" / "a<b" / "metrics.jsonl", metrics.dump() + "\n");
  Json examples = Json::parse(read_file(folder.path() / "examples.json"));
  examples["split"] = hostile;
  examples["examples"][0]["logits"][hostile] = {1, 2, 3};
  write_json(folder.path() / "examples.json", examples);
  write_file(folder.path() / "recipe.yaml", hostile);
  const std::string page = html_report(folder.path());
  EXPECT_EQ(page.find("<img src=x"), std::string::npos);
  EXPECT_EQ(page.find("a<b"), std::string::npos);
  EXPECT_GT(occurrences(page, "&lt;img src=x"), 15);
  expect_balanced_tags(page);
}

/// The errors of a teacher that came as a file, 5 of 1,000 examples, in its student's evaluation.
Json results_with_given_teacher() {
  Json results = single_results(1, {7, 20, 9});
  results["stages"].erase(0);
  Json& student = results["stages"][1];
  student["evaluations"]["test"]["teacher_errors"] = 5;
  student["evaluations"]["test"]["teacher_accuracy"] = 0.995;
  results["given"] = {{{"name", "teacher"}, {"files", {"/somewhere/big.pt"}}, {"parameters", 12768100}}};
  return results;
}

TEST(HtmlReport, ATeacherThatCameAsAFileTakesPartInTheVerdict) {
  const TemporaryFolder folder;
  write_json(folder.path() / "results.json", results_with_given_teacher());
  const std::string page = html_report(folder.path());
  const std::string head = page.substr(0, page.find("</header>"));
  EXPECT_NE(head.find("<b>99.5 → 99.1 %</b> accuracy, <b>10.0×</b> smaller"), std::string::npos) << head;
  EXPECT_NE(head.find("distilled recovers 73 % of the gap: 9 test errors, where baseline makes 20 and teacher 5."),
            std::string::npos);
  EXPECT_NE(head.find("big.pt<br>12,768,100 parameters"), std::string::npos) << "its card";
  EXPECT_NE(page.find("<em>given</em>"), std::string::npos) << "its row";
  EXPECT_NE(page.find("Accuracy and size"), std::string::npos);
  expect_balanced_tags(page);
}

TEST(HtmlReport, AFileThatTeachesNobodyIsNoTeacher) {
  const TemporaryFolder folder;
  Json results = results_with_given_teacher();
  results["given"][0]["name"] = "initial";
  write_json(folder.path() / "results.json", results);
  EXPECT_EQ(html_report(folder.path()).find("big.pt"), std::string::npos);
}

TEST(HtmlReport, DrawsTheErrorOnHeldOutExamplesOfAllStages) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  const std::string page = html_report(folder.path());
  EXPECT_EQ(occurrences(page, "<figcaption>Error on held-out examples"), 2);  // for broad and for narrow screens
  EXPECT_EQ(page.find("no measure of a student"), std::string::npos);
  EXPECT_EQ(occurrences(page, "<figcaption>Learning rate"), 1);
  EXPECT_NE(page.find("teacher, baseline, distilled"), std::string::npos)
      << "one line for all, since they are the same";
}

TEST(HtmlReport, SaysThatErrorsOnTrainingExamplesAreNoMeasure) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  for (const char* stage : {"teacher", "baseline", "distilled"})
    write_file(folder.path() / "stages" / stage / "metrics.jsonl",
               R"({"epoch": 1, "train": {"loss": 1, "accuracy": 0.9}})"
               "\n");
  const std::string page = html_report(folder.path());
  EXPECT_EQ(occurrences(page, "<figcaption>Error on the training examples"), 2);
  EXPECT_NE(page.find("no measure of a student"), std::string::npos);
}

TEST(HtmlReport, SaysHowStagesWereComputed) {
  const TemporaryFolder folder;
  Json results = single_results(1, {7, 20, 9});
  for (Json& stage : results["stages"]) stage["conditions"] = Json::array({"2 threads, bfloat16"});
  write_json(folder.path() / "results.json", results);
  EXPECT_NE(html_report(folder.path()).find("All stages were trained in 2 threads, bfloat16."), std::string::npos);
  results["stages"][1]["conditions"] = Json::array({"2 threads, float32"});
  write_json(folder.path() / "results.json", results);
  EXPECT_NE(html_report(folder.path())
                .find("Trained: teacher, distilled in 2 threads, bfloat16; baseline in 2 threads, float32."),
            std::string::npos);
}

TEST(HtmlReport, ConfusionMatricesHaveOneScale) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {5, 20, 5});
  const std::string page = html_report(folder.path());
  EXPECT_EQ(occurrences(page, "fill-opacity=\"0.92\""), 1) << "20 of the baseline; 5 of the others are half as strong";
  EXPECT_EQ(occurrences(page, "fill-opacity=\"0.50\""), 2);
  EXPECT_NE(page.find("the strongest is 20 examples"), std::string::npos);
}

TEST(HtmlReport, BarsOfSoftTargetsBeginAtOnePlace) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  Json results = read_json(folder.path() / "results.json");
  results["data"]["classes"] = {"frog", "aeroplane", "cat"};
  write_json(folder.path() / "results.json", results);
  EXPECT_NE(html_report(folder.path()).find("<div class=\"examples\" style=\"--label:10ch\">"), std::string::npos);
}

TEST(HtmlReport, ExplainsItsTermsWhereTheyStand) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  const std::string page = html_report(folder.path());
  for (const char* term : {"NLL", "ECE", "agreement", "KL to teacher"}) {
    EXPECT_NE(page.find(std::string("\">") + term + "</abbr></th>"), std::string::npos) << term;
    EXPECT_NE(page.find(std::string("<dt>") + term + "</dt>"), std::string::npos) << term;
  }
  EXPECT_NE(page.find("<dt>temperature</dt>"), std::string::npos);
}

TEST(HtmlReport, LeavesOutWhatARunDidNotComeToWrite) {
  const TemporaryFolder folder;
  write_json(folder.path() / "results.json", single_results(1, {}));
  const std::string page = html_report(folder.path());
  EXPECT_NE(page.find(id("results")), std::string::npos);
  for (const char* section : {"training", "calibration", "classes", "confusions", "soft-targets"})
    EXPECT_EQ(page.find(id(section)), std::string::npos) << section;
  expect_balanced_tags(page);
}

TEST(HtmlReport, ShowsARunThatWasInterruptedInItsFirstStage) {
  const TemporaryFolder folder;
  write_json(folder.path() / "results.json",
             {{"name", "early"},
              {"stages", {{{"name", "teacher"}, {"status", "interrupted"}}, {{"name", "b"}, {"status", "pending"}}}}});
  write_file(folder.path() / "stages" / "teacher" / "metrics.jsonl",
             "{\"epoch\":1,\"terms\":{\"hard_labels\":0.5}}\n{\"epo");
  const std::string page = html_report(folder.path());
  EXPECT_NE(page.find("No stage of this run has been evaluated."), std::string::npos);
  EXPECT_NE(page.find("interrupted"), std::string::npos);
  EXPECT_NE(page.find(id("training")), std::string::npos);
  expect_balanced_tags(page);
}

TEST(HtmlReport, ShowsARunWithoutStages) {
  const TemporaryFolder folder;
  write_json(folder.path() / "results.json", {{"stages", Json::array()}});
  expect_balanced_tags(html_report(folder.path()));
}

TEST(HtmlReport, StaysSmallForManyClassesAndStages) {
  const TemporaryFolder folder;
  constexpr int kClasses = 100, kStages = 20;
  Json results = single_results(1, {});
  const Json student = results["stages"][2];
  Json confusion = Json::array(), classes = Json::array();
  for (int row = 0; row < kClasses; ++row) {
    Json counts = Json::array();
    for (int column = 0; column < kClasses; ++column) counts.push_back((row * 7 + column * 3) % 5);
    confusion.push_back(counts);
    classes.push_back({{"class", std::to_string(row)}, {"examples", 100}, {"errors", row}});
  }
  for (int i = 0; i < kStages; ++i) {
    Json stage = student;
    stage["name"] = "student" + std::to_string(i);
    results["stages"].push_back(stage);
    write_json(folder.path() / "stages" / stage["name"].get<std::string>() / "evaluation.json",
               {{"test", {{"examples", 10000}, {"per_class", classes}, {"confusion", confusion}}}});
  }
  write_json(folder.path() / "results.json", results);
  const std::string page = html_report(folder.path());
  expect_balanced_tags(page);
  EXPECT_LT(page.size(), 2u << 20);
  EXPECT_NE(page.find("The other 75 classes"), std::string::npos);
}

TEST(HtmlReport, ShowsWhatNetworksCost) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  EXPECT_EQ(html_report(folder.path()).find("id=\"deployment\""), std::string::npos);
  Json results = read_json(folder.path() / "results.json");
  const auto row = [](const char* name, int64_t bytes, double median) {
    return Json{
        {"name", name},
        {"accuracy", 0.5},
        {"parameters", 1000},
        {"bytes", bytes},
        {"latency", {{"median", median}, {"p95", 1}, {"p99", nullptr}}},
        {"throughput", {{{"batch", 1}, {"examples_per_second", 12}}, {{"batch", 64}, {"examples_per_second", 3456}}}}};
  };
  results["deployment"] = {row("teacher", 40000, 8), row("student", 2500, 0.5)};
  write_file(folder.path() / "results.json", results.dump());
  write_file(folder.path() / "onnxruntime.json",
             R"([{"name": "int8", "bytes": 900, "median": 0.054, "p95": 1, "p99": 2, "examples_per_second": 118463.4,
           "errors": 1096, "libtorch_errors": 1097}])");
  const std::string page = html_report(folder.path());
  for (const char* text : {"id=\"deployment\"", "40.0", "16.0×", "3,456", "In LibTorch", "in onnxruntime", "0.054",
                           "118,463", "1,096", "1,097"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  expect_balanced_tags(page);
  for (const char* malformed : {"{}", "[{\"name\": \"cut", "[3]", "[{\"bytes\": 900}]"}) {
    write_file(folder.path() / "onnxruntime.json", malformed);
    try {
      html_report(folder.path());
      ADD_FAILURE() << "expected an error of " << malformed;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("onnxruntime.json"), std::string::npos) << error.what();
    }
  }
}

TEST(HtmlReport, HasNoColumnOfExamplesPerSecondThatNobodyMeasured) {
  const TemporaryFolder folder;
  Json results = single_results(1, {});
  results["deployment"] = Json::array();
  results["deployment"].push_back({{"name", "teacher"},
                                   {"accuracy", nullptr},
                                   {"bytes", 40000},
                                   {"latency", {{"median", 8}}},
                                   {"throughput", Json::array()}});
  write_json(folder.path() / "results.json", results);
  const std::string page = html_report(folder.path());
  const std::string section = page.substr(
      page.find(id("deployment")), page.find("</section>", page.find(id("deployment"))) - page.find(id("deployment")));
  EXPECT_EQ(section.find("examples/s<"), std::string::npos) << section;
  EXPECT_EQ(section.find("accuracy"), std::string::npos) << section;
}

TEST(HtmlReport, ShowsHowWordsWereMistaken) {
  const TemporaryFolder folder;
  Json results = single_results(1, {});
  Json& test = results["stages"][2]["evaluations"]["test"];
  test["word_error_rate"] = 0.05;
  test["words"] = {{"words", 60},     {"substitutions", 2}, {"deletions", 1},
                   {"insertions", 0}, {"errors", 3},        {"rate", 0.05}};
  test["string_word_error_rate"] = 0.075;
  test["string_words"] = {{"words", 80},     {"substitutions", 1}, {"deletions", 0},
                          {"insertions", 5}, {"errors", 6},        {"rate", 0.075}};
  write_json(folder.path() / "results.json", results);
  const std::string page = html_report(folder.path());
  for (const char* cell : {"5.00 %<small>2 substitutions</small><small>1 deletion</small><small>0 insertions</small>",
                           "7.50 %<small>1 substitution</small><small>0 deletions</small><small>5 insertions</small>"})
    EXPECT_EQ(occurrences(page, cell), 1) << cell;
  expect_balanced_tags(page);
}

TEST(HtmlReport, ShowsSpecialistsAndWhatTheyAdd) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {7, 20, 9});
  Json results = read_json(folder.path() / "results.json");
  results["stages"][2]["specialists"] = {{"groups", {{{"classes", {"2", "7"}}}, {{"classes", {"2", "<3>"}}}}},
                                         {"by_coverage",
                                          {{{"specialists", 1},
                                            {"examples", 600},
                                            {"generalist_correct", 400},
                                            {"correct", 412},
                                            {"relative_gain", 0.03}}}},
                                         {"generalist_accuracy", 0.6},
                                         {"accuracy", 0.618},
                                         {"adjusted_rand_index", 0.34},
                                         {"conditional_accuracy", {{"generalist", 0.7}, {"specialists", 0.75}}}};
  results["stages"][2]["evaluations"]["test"]["relative_gain"] = 0.03;
  write_file(folder.path() / "results.json", results.dump());
  const std::string page = html_report(folder.path());
  for (const char* text : {"id=\"specialists\"", "2, &lt;3&gt;", "specialists that know the class", "412", "+3.0 %",
                           "75.00 %", "0.34", ">relative gain<", "3.00 %"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  EXPECT_EQ(page.find("added up"), std::string::npos);
  expect_balanced_tags(page);
}

TEST(HtmlReport, ShowsTheSpreadOfWhatSpecialistsAdd) {
  const TemporaryFolder folder;
  write_several_seeds(folder.path(), {{7, 20, 9}, {9, 22, 10}});
  Json results = read_json(folder.path() / "results.json");
  Json row = {
      {"specialists", 0}, {"examples", 1200}, {"generalist_correct", 800}, {"correct", 792}, {"relative_gain", -0.01}};
  results["stages"][2]["specialists"] = {{"count", 2}};
  results["stages"][2]["evaluations"]["test"]["relative_gain"] = 0.03;
  results["stages"][2]["over_seeds"]["test"]["relative_gain"] = {
      {"mean", 0.03}, {"deviation", 0.004}, {"values", {0.027, 0.033}}};
  results["stages"][2]["specialists"]["by_coverage"] = Json::array();
  results["stages"][2]["specialists"]["by_coverage"].push_back(row);
  write_json(folder.path() / "results.json", results);
  const std::string page = html_report(folder.path());
  for (const char* text : {"+3.0 ± 0.4 %", "−1.0 %", "Examples of all seeds added up"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  EXPECT_EQ(page.find("The classes of each"), std::string::npos) << "groups are each seed's own";
  expect_balanced_tags(page);
}

TEST(HtmlReport, NamesAMalformedFile) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {});
  write_file(folder.path() / "stages" / "teacher" / "evaluation.json", "{\"test\":");
  try {
    html_report(folder.path());
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("stages/teacher/evaluation.json"), std::string::npos) << error.what();
  }
  EXPECT_THROW(html_report(folder.path() / "stages"), Error);
}

TEST(HtmlReport, IsWrittenIntoTheRunsFolder) {
  const TemporaryFolder folder;
  write_single_run(folder.path(), 1, {});
  write_html_report(folder.path());
  EXPECT_EQ(read_file(folder.path() / "report.html"), html_report(folder.path()));
}

}  // namespace
}  // namespace limbeck

#include "serve/prediction.h"
#include "core/json.h"

#include <gtest/gtest.h>

#include "serve/http.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

TEST(ParseInputs, TakesFlatNestedAndRowsOfTheOnlyChannel) {
  const std::vector<float> expected = {1, 2, 3, 4, 5, 6};
  for (const char* text : {"[[1, 2, 3, 4, 5, 6]]", "[[[1, 2, 3], [4, 5, 6]]]", "[[[[1, 2, 3], [4, 5, 6]]]]"})
    EXPECT_EQ(parse_inputs(Json::parse(text), {1, 2, 3}), expected) << text;
  EXPECT_EQ(parse_inputs(Json::parse("[[[[1]], [[2]], [[3]]]]"), {3, 1, 1}), (std::vector<float>{1, 2, 3}));
}

TEST(ParseInputs, NamesThePlaceOfAMistake) {
  const auto message = [](const char* text, const Shape& shape) {
    return message_of<HttpError>([&] { parse_inputs(Json::parse(text), shape); });
  };
  EXPECT_EQ(message("[[1, 2]]", {1, 1, 3}), "inputs[0] has 2 entries; expected 3");
  EXPECT_EQ(message("[[1, 2, 3], [[[1, 2, 3, 4]]]]", {1, 1, 3}), "inputs[1][0][0] has 4 entries; expected 3");
  EXPECT_EQ(message("[[1, \"x\", 3]]", {1, 1, 3}), "inputs[0][1] is a string; expected a number");
  EXPECT_EQ(message("[[1, [2], 3]]", {1, 1, 3}), "inputs[0][1] is a list; expected a number");
  EXPECT_EQ(message("[[[1], [2]]]", {2, 1, 1}), "inputs[0][0][0] is a number; expected a list of 1");
  EXPECT_NE(message("[[1, 2, -1e39]]", {1, 1, 3}).find("float32"), std::string::npos);
}

TEST(ParsePredictionRequest, RefusesUnknownKeysAndDeepNesting) {
  EXPECT_NE(message_of<HttpError>([] { parse_prediction_request(R"({"modell": "x"})"); }).find("did you mean 'model'"),
            std::string::npos);
  EXPECT_NE(message_of<HttpError>([] { parse_prediction_request(std::string(100, '[')); }).find("nested"),
            std::string::npos);
  EXPECT_EQ(parse_prediction_request(R"({"model": "m", "inputs": [[1]]})").temperature, 1);
}

}  // namespace
}  // namespace limbeck

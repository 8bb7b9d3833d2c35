#include "serve/http_server.h"

#include <gtest/gtest.h>

#include "serve/assets.h"
#include "serve/routes.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

TEST(IsOwnName, AtALoopbackAddressOnlyTheMachinesOwnNamesWillDo) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8080", "localhost:1", "LocalHost", "[::1]:8080", "127.1.2.3"})
    EXPECT_TRUE(is_own_name(host, "127.0.0.1")) << host;
  for (const char* host : {"", "evil.example", "127.0.0.1.evil.example", "127.evil.example", "localhost.evil.example",
                           "[::2]", "[", "10.0.0.1"})
    EXPECT_FALSE(is_own_name(host, "127.0.0.1")) << host;
  EXPECT_TRUE(is_own_name("machine.example:8080", "0.0.0.0"));
}

using RoutesTest = TemporaryFolder;

TEST_F(RoutesTest, AnswersWithPagesAndRefusesTheRest) {
  Routes routes(ServedRuns({folder}));
  EXPECT_EQ(routes.answer({.method = "GET", .path = "/api/runs"}).status, 200);
  EXPECT_EQ(routes.answer({.method = "GET", .path = "/"}).status, web_assets().empty() ? 404 : 200);
  for (const char* path : {"", "nothing", "/nothing", "/api/runs/x", "/api/runs/", "/models/", "/models/x",
                           "/models/x/y.onnx", "/report/"})
    EXPECT_EQ(routes.answer({.method = "GET", .path = path}).status, 404) << path;
  EXPECT_EQ(routes.answer({.method = "DELETE", .path = "/"}).status, 405);
  EXPECT_EQ(routes.answer({.method = "GET", .path = "/predict"}).status, 405);
  EXPECT_EQ(routes.answer({.method = "POST", .path = "/predict", .body = "{"}).status, 400);
}

TEST_F(RoutesTest, AMalformedFileOfARunIsAnErrorThatNamesIt) {
  write_file(folder / "run/results.json", "{\"stages\": ");
  Routes routes(ServedRuns({folder}));
  const HttpAnswer answer = routes.answer({.method = "GET", .path = "/api/runs/run"});
  EXPECT_EQ(answer.status, 500);
  EXPECT_NE(answer.body.find("results.json"), std::string_view::npos);
}

TEST(Assets, UnpackToWhatTheyWere) {
  for (const Asset& asset : web_assets()) EXPECT_FALSE(unpack(asset).empty()) << asset.name;
  EXPECT_EQ(find_asset("../app.js"), nullptr);
}

}  // namespace
}  // namespace limbeck

#include "serve/routes.h"

#include <algorithm>

#include "core/json.h"
#include "core/version.h"
#include "limbeck/graph.h"
#include "report/html_report.h"
#include "report/page/assets.h"
#include "report/plots/plot_style.h"
#include "report/sweep_report.h"
#include "results/keys.h"
#include "results/reported_sweep.h"
#include "serve/assets.h"
#include "serve/compared.h"
#include "serve/live_page.h"
#include "serve/playground.h"
#include "serve/prediction.h"
#include "serve/run_list.h"

namespace limbeck {

const char* const kPagePolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

namespace {

// A report carries its script and style in itself; the sandbox takes this server's origin from it.
constexpr const char* kReportPolicy =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'; sandbox allow-scripts";

/// The rest of a text after a prefix; nothing where it begins otherwise.
std::optional<std::string> after(const std::string& text, std::string_view prefix) {
  return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
}

std::optional<std::string> before(const std::string& text, std::string_view suffix) {
  return text.ends_with(suffix) ? std::optional(text.substr(0, text.size() - suffix.size())) : std::nullopt;
}

/// Packed as it lies in the program, or unpacked for who does not want that; each form has its tag.
HttpAnswer asset_answer(const Asset& asset, bool packed) {
  HttpAnswer answer;
  if (packed)
    answer.body = asset.packed;
  else
    answer = text_answer(unpack(asset), "");
  answer.type = asset.type;
  answer.headers = {{"Vary", "Accept-Encoding"}};
  if (packed) answer.headers.emplace_back("Content-Encoding", "gzip");
  answer.tag = std::string(asset.tag) + (packed ? "-gzip" : "");
  return answer;
}

HttpAnswer page_asset(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/report.css") return text_answer(plot_style() + kPageStyle, "text/css; charset=utf-8");
  if (path == "/report.js") return text_answer(kPageScript, "text/javascript; charset=utf-8");
  const Asset* asset =
      find_asset(path == "/" ? "index.html" : std::string_view(path).substr(std::min<size_t>(1, path.size())));
  if (asset == nullptr) throw HttpError(404, "there is nothing at this path");
  return asset_answer(*asset, request.accepts_gzip);
}

std::vector<std::string> values_of(const HttpRequest& request, const std::string& key) {
  std::vector<std::string> values;
  for (auto [value, end] = request.query.equal_range(key); value != end; ++value) values.push_back(value->second);
  return values;
}

/// The lines of metrics.jsonl; the last is left out where it is cut.
Json metrics_json(const ServedRun& run) {
  Json stages = Json::array();
  for (const SeedFolder& seed : run.seeds())
    for (const std::string& stage : run.stage_folders(seed)) {
      const auto file = run.file(fs::path(seed.prefix) / "stages" / stage / "metrics.jsonl");
      if (!file) continue;
      Json epochs = Json::array();
      const std::string content = read_file(*file);
      for (size_t start = 0, end = 0; (end = content.find('\n', start)) != std::string::npos; start = end + 1)
        if (std::optional<Json> line = parse_json_line(std::string_view(content).substr(start, end - start)))
          epochs.push_back(std::move(*line));
      stages.push_back({{keys::kName, seed.prefix + stage}, {keys::kEpochs, std::move(epochs)}});
    }
  return {{"stages", stages}};
}

HttpAnswer report_page(const std::string& html) {
  HttpAnswer answer = text_answer(html, "text/html; charset=utf-8");
  answer.headers = {{"Content-Security-Policy", kReportPolicy}};
  return answer;
}

HttpAnswer report_answer(const ServedRun& run) {
  run.check_contained();
  if (!run.file("results.json")) throw HttpError(404, fmt::format("the run '{}' has no results yet", run.id()));
  return report_page(html_report(run.folder()));
}

/// "SWEEP/" is its page, "SWEEP/points/0001/report.html" that of one of its points, to which the former links.
HttpAnswer sweep_answer(const ServedRuns& runs, const std::string& rest) {
  const size_t slash = rest.find('/');
  const ServedRun sweep = runs.find_sweep(rest.substr(0, slash));
  if (!sweep.file("sweep.json")) throw HttpError(404, fmt::format("the sweep '{}' has no points yet", sweep.id()));
  if (slash == std::string::npos || slash + 1 == rest.size()) return report_page(sweep_page(sweep.folder()));
  for (const ReportedSweep::Point& point : read_reported_sweep(sweep.folder()).points) {
    if (point.run + "/report.html" != rest.substr(slash + 1) || !sweep.file(point.run + "/results.json")) continue;
    return report_answer(ServedRun(point.run, sweep.folder() / point.run));
  }
  throw HttpError(404, fmt::format("the sweep '{}' has no such point", sweep.id()));
}

/// 'demo/seed-1/distilled' as the address of its ONNX file.
std::string onnx_address(const std::string& run, const std::string& model) {
  std::string address = "/models/";
  for (const unsigned char c : run + "/" + model + ".onnx") {
    const bool plain = std::isalnum(c) != 0 || c == '/' || c == '-' || c == '_' || c == '.' || c == '~';
    address += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return address;
}

}  // namespace

HttpAnswer Routes::answer(const HttpRequest& request) {
  try {
    if (request.method == "GET") return get(request);
    if (request.method == "POST" && request.path == "/predict")
      return json_answer(predict(parse_prediction_request(request.body), runs_, models_));
    HttpAnswer refused = error_answer(405, fmt::format("{} is not answered here", request.method));
    refused.headers = {{"Allow", request.path == "/predict" ? "POST" : "GET, HEAD"}};
    return refused;
  } catch (const HttpError& problem) {
    return error_answer(problem.status(), problem.what());
  } catch (const std::exception& problem) {
    return error_answer(500, problem.what());
  }
}

HttpAnswer Routes::get(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/predict") {
    HttpAnswer refused = error_answer(405, "GET is not answered here; POST a JSON body");
    refused.headers = {{"Allow", "POST"}};
    return refused;
  }
  if (path == "/api/runs") return json_answer(runs_json(runs_));
  if (path == "/api/models") return json_answer(models_json());
  if (path == "/api/compare") {
    std::vector<ServedRun> chosen;
    for (const std::string& id : values_of(request, "run")) chosen.push_back(runs_.find(id));
    const auto one = [&](const char* key, const std::string& otherwise) {
      const std::vector<std::string> values = values_of(request, key);
      return values.empty() ? otherwise : values.front();
    };
    return json_answer(compared_json(
        chosen,
        {.metric = one("metric", keys::kErrors), .split = one(keys::kSplit, ""), .against = one("against", "")}));
  }
  if (const auto rest = after(path, "/api/runs/")) return run_answer(*rest);
  if (const auto rest = after(path, "/models/")) return model_answer(*rest);
  if (const auto rest = after(path, "/sweep/")) return sweep_answer(runs_, *rest);
  if (const auto id = after(path, "/report/")) return report_answer(runs_.find(*id));
  return page_asset(request);
}

HttpAnswer Routes::run_answer(const std::string& rest) {
  if (const auto id = before(rest, "/results")) {
    const ServedRun run = runs_.find(*id);
    const auto file = run.file("results.json");
    if (!file) throw HttpError(404, fmt::format("the run '{}' has no results yet", *id));
    return json_answer(read_json(*file));
  }
  if (const auto id = before(rest, "/metrics")) return json_answer(metrics_json(runs_.find(*id)));
  if (const auto id = before(rest, "/playground")) return json_answer(playground(runs_.find(*id)));
  return json_answer(live_page(runs_.find(rest)));
}

/// "RUN/STAGE.onnx", "RUN/seed-1/STAGE.onnx"
HttpAnswer Routes::model_answer(const std::string& rest) {
  const size_t slash = rest.find('/');
  const auto model = slash == std::string::npos ? std::nullopt : before(rest.substr(slash + 1), ".onnx");
  if (!model) throw HttpError(404, "expected /models/RUN/STAGE.onnx");
  HttpAnswer answer;
  answer.owned = models_.onnx(find_network(runs_.find(rest.substr(0, slash)), *model));
  answer.body = *answer.owned;
  answer.type = "application/octet-stream";
  return answer;
}

Json Routes::models_json() {
  Json list = Json::array();
  for (const ServedRun& run : runs_.all())
    for (const RunNetwork& network : served_networks(run)) {
      Json entry = {{keys::kRun, run.id()}, {"model", network.name}};
      try {
        const auto model = models_.model(network);
        entry.update({{keys::kNetwork, network_text(*model)},
                      {keys::kParameters, model->network->parameter_count()},
                      {"input", model->description.input},
                      {keys::kClasses, model->description.classes},
                      {"onnx", models_.has_onnx(network) ? Json(onnx_address(run.id(), network.name)) : Json()}});
      } catch (const Error& problem) {
        entry["error"] = problem.what();
      }
      list.push_back(entry);
    }
  return {{"models", list}};
}

Json Routes::playground(const ServedRun& run) {
  const std::optional<Recipe> recipe = recipe_of(run);
  std::vector<PlaygroundModel> models;
  Json left_out = Json::array();
  for (const RunNetwork& network : served_networks(run)) {
    try {
      const auto model = models_.model(network);
      const ModelDescription& description = model->description;
      if (!takes_pictures(description))
        throw Error(fmt::format("it takes inputs of {}, no pictures", to_text(description.input)));
      if (!models.empty() && (description.input != models.front().model->description.input ||
                              description.classes != models.front().model->description.classes))
        throw Error("it takes other pictures, or knows other classes, than the first");
      const std::string stage =
          network.name.substr(network.name.find('/') == std::string::npos ? 0 : network.name.find('/') + 1);
      const StageRecipe* trained = recipe ? recipe->stage(stage) : nullptr;
      models.push_back(
          {.name = network.name,
           .model = model,
           .onnx = models_.has_onnx(network) ? std::optional(onnx_address(run.id(), network.name)) : std::nullopt,
           .teacher = trained != nullptr && !trained->teachers.empty() ? trained->teachers.front() : ""});
    } catch (const Error& problem) {
      left_out.push_back({{keys::kName, network.name}, {"why", problem.what()}});
    }
  }
  if (models.empty()) {
    const bool none = left_out.empty();
    throw HttpError(404, none ? fmt::format("the run '{}' has no trained network yet", run.id())
                              : fmt::format("no network of the run '{}' can be played with: {}", run.id(),
                                            left_out[0]["why"].get<std::string>()));
  }
  ReportedExamples examples;
  for (const SeedFolder& seed : run.seeds())
    if (const auto file = run.file(seed.prefix + "examples.json"); file && examples.examples.empty())
      examples = read_examples(*file);
  Json json = playground_json(recipe ? recipe->name : run.id(), models, examples);
  json[keys::kRun] = run.id();
  json["left_out"] = left_out;
  return json;
}

}  // namespace limbeck

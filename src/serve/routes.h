#pragma once
// Request routing of `limbeck serve`. Pages are embedded in the program; everything else is generated from the run
// folders.
//
//   GET  /                              the pages, app.js, app.css, …
//   GET  /api/runs                      runs_json(): every run and sweep, with the numbers that tell them apart
//   GET  /api/runs/RUN                  live_page()
//   GET  /api/runs/RUN/results          results.json
//   GET  /api/runs/RUN/metrics          {"stages": [{"name", "epochs": [each line of metrics.jsonl]}]}
//   GET  /api/runs/RUN/playground       playground_json()
//   GET  /api/models                    {"models": [{"run", "model", "network", "parameters", "input", "classes",
//                                       "onnx"}]}
//   GET  /api/compare?run=A&run=B       compared_json(); &metric=accuracy &split=test
//   GET  /models/RUN/STAGE.onnx         the network for any ONNX runtime; /models/RUN/seed-1/STAGE.onnx of one seed
//   GET  /report/RUN                    the whole report
//   GET  /sweep/SWEEP/                  the page of a sweep
//   GET  /sweep/SWEEP/points/0001/report.html   the report of one of its points
//   POST /predict                       see prediction.h
//
// Errors are {"error": message} with a status of 400 or above.
#include "serve/http.h"
#include "serve/served_models.h"
#include "serve/served_runs.h"

namespace limbeck {

/// Thread-safe.
class Routes {
 public:
  explicit Routes(ServedRuns runs) : runs_(std::move(runs)) {}

  HttpAnswer answer(const HttpRequest& request);
  const ServedRuns& runs() const { return runs_; }

 private:
  HttpAnswer get(const HttpRequest& request);
  HttpAnswer run_answer(const std::string& rest);
  HttpAnswer model_answer(const std::string& rest);
  Json models_json();
  Json playground(const ServedRun& run);

  ServedRuns runs_;
  ServedModels models_;
};

/// Content-Security-Policy of the pages: scripts, styles and data only from this server.
extern const char* const kPagePolicy;

}  // namespace limbeck

#pragma once
// Accuracy against latency (of ONNX Runtime if measured, else of LibTorch), and the Pareto front: networks for which no
// other network is at least as good in both and better in one.
//
//   std::vector<BenchRow> models = …;      // as `limbeck bench` writes them
//   mark_pareto_front(models);             // on_front: true, false, or nullopt if the accuracy is unknown
//   if (const auto plot = pareto_plot(models)) write_file("pareto.svg", standalone_svg(*plot));
#include <optional>
#include <vector>

#include "core/json.h"
#include "report/plots/svg_plot.h"
#include "results/bench_result.h"

namespace limbeck {

struct Tradeoff {
  double cost = 0;   ///< less is better
  double value = 0;  ///< more is better
};

/// Returns the indices of the points on the front, by increasing cost. Points that are equal in both are all included.
std::vector<size_t> pareto_front(const std::vector<Tradeoff>& tradeoffs);

/// Whether any model was measured in ONNX Runtime. If so, the front and the plot use only ONNX Runtime's latencies, and
/// models without them are excluded.
bool is_of_onnxruntime(const std::vector<BenchRow>& models);

void mark_pareto_front(std::vector<BenchRow>& models);

/// Plots models marked by mark_pareto_front(); nullopt if no accuracy is known.
std::optional<SvgPlot> pareto_plot(const std::vector<BenchRow>& models);

}  // namespace limbeck

#pragma once
// Accuracy against latency, in onnxruntime where that was measured, else in LibTorch, and which networks no other one
// beats: those on the Pareto front are neither slower than a network that is at least as accurate, nor less accurate
// than one that is at least as fast.
//
//   std::vector<BenchRow> models = …;      // as `limbeck bench` writes them
//   mark_pareto_front(models);             // on_front: true, false, or nothing where the accuracy is not known
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

/// The places of those on the front, by rising cost. Of several that are equal in both, all are on it.
std::vector<size_t> pareto_front(const std::vector<Tradeoff>& tradeoffs);

/// Whether one of the models was measured in onnxruntime: then the front and the plot are of that, and what was not
/// measured there has no place.
bool is_of_onnxruntime(const std::vector<BenchRow>& models);

void mark_pareto_front(std::vector<BenchRow>& models);

/// Of marked models; nothing where no accuracy is known.
std::optional<SvgPlot> pareto_plot(const std::vector<BenchRow>& models);

}  // namespace limbeck

// Reliability diagrams: for each bin of confidence, how often the network was right. On the diagonal it is as right as
// it says; the bars are 95 % intervals (Wilson 1927) for the bin's number of examples, so that a bin of five examples
// is not taken for evidence. Below: where the examples are.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/html.h"
#include "report/page/sections.h"
#include "report/plots/plot_style.h"
#include "results/keys.h"

namespace limbeck {
namespace {
constexpr size_t kMostDiagrams = 8;
constexpr double kLeft = 34, kTop = 22, kSide = 200, kHistogramTop = 236, kHistogramHeight = 34;
constexpr double kWidth = 244, kHeight = 308;

struct Interval {
  double low, high;
};

Interval wilson(double share, double count) {
  constexpr double z = 1.96;
  const double divisor = 1 + z * z / count, middle = (share + z * z / (2 * count)) / divisor;
  const double half = z / divisor * std::sqrt(share * (1 - share) / count + z * z / (4 * count * count));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

double x_at(double confidence) {
  return kLeft + kSide * std::clamp(confidence, 0.0, 1.0);
}
double y_at(double accuracy) {
  return kTop + kSide * (1 - std::clamp(accuracy, 0.0, 1.0));
}

std::string frame() {
  std::string grid, labels;
  for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    grid += fmt::format("M{:.0f} {:.0f}h{:.0f}", kLeft, y_at(tick), kSide);
    labels += fmt::format("<text class=\"end\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>", kLeft - 6, y_at(tick) + 4, tick);
  }
  for (const double tick : {0.0, 0.5, 1.0})
    labels += fmt::format("<text class=\"middle\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>", x_at(tick),
                          kHistogramTop + kHistogramHeight + 15, tick);
  return fmt::format(
      "<path class=\"grid\" d=\"{}\"/><path class=\"axis diagonal\" d=\"M{:.0f} {:.0f}L{:.0f} {:.0f}\"/>"
      "<path class=\"axis\" d=\"M{:.0f} {:.0f}h{:.0f}\"/>{}<text x=\"2\" y=\"12\">accuracy</text>"
      "<text class=\"middle\" x=\"{:.0f}\" y=\"{:.0f}\">confidence</text>",
      grid, kLeft, y_at(0), kLeft + kSide, y_at(1), kLeft, kHistogramTop + kHistogramHeight, kSide, labels,
      kLeft + kSide / 2, kHeight - 4);
}

std::string bin_marks(const BinDetail& bin, int64_t examples, int64_t fullest, const std::string& colour) {
  if (bin.count <= 0) return "";
  const double width = kSide * (bin.high - bin.low) - 2;
  const double height = std::max(1.0, kHistogramHeight * static_cast<double>(bin.count) / static_cast<double>(fullest));
  std::string marks =
      fmt::format("<rect class=\"fill {}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>", colour,
                  x_at(bin.low) + 1, kHistogramTop + kHistogramHeight - height, std::max(width, 1.0), height);
  if (bin.confidence && bin.accuracy) {
    const Interval interval = wilson(std::clamp(*bin.accuracy, 0.0, 1.0), static_cast<double>(bin.count));
    marks += fmt::format(
        "<path class=\"error {0}\" d=\"M{1:.1f} {2:.1f}V{3:.1f}\"/><circle class=\"dot {0}\" cx=\"{1:.1f}\" "
        "cy=\"{4:.1f}\" r=\"4\"/>",
        colour, x_at(*bin.confidence), y_at(interval.low), y_at(interval.high), y_at(*bin.accuracy));
  }
  std::string tooltip = fmt::format("confidence {:.2f} to {:.2f}\n{} of {} examples", bin.low, bin.high,
                                    with_commas(bin.count), with_commas(examples));
  if (bin.confidence && bin.accuracy)
    tooltip += fmt::format("\nmean confidence {:.3f}\naccuracy {:.3f}", *bin.confidence, *bin.accuracy);
  return fmt::format(
      "<g class=\"bin\">{}<rect class=\"catch\" x=\"{:.1f}\" y=\"{:.0f}\" width=\"{:.1f}\" "
      "height=\"{:.0f}\"/><title>{}</title></g>",
      marks, x_at(bin.low), kTop, width + 2, kHistogramTop + kHistogramHeight - kTop, tooltip);
}

std::string diagram(const PageStage& stage) {
  int64_t fullest = 1, examples = 0;
  for (const BinDetail& bin : stage.detail.reliability) {
    fullest = std::max(fullest, bin.count);
    examples += bin.count;
  }
  std::string svg = fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
      "aria-label=\"reliability of {2}\">\n{3}\n",
      kWidth, kHeight, html_escape(stage.result->name), frame());
  for (const BinDetail& bin : stage.detail.reliability)
    svg += bin_marks(bin, examples, fullest, fmt::format("c{}", stage.colour % kPlotColours + 1));
  return svg + "</svg>\n";
}

}  // namespace

std::string calibration_section(const Page& page) {
  const auto stages = chosen_stages(page, kMostDiagrams, [](const PageStage& stage) {
    return std::any_of(stage.detail.reliability.begin(), stage.detail.reliability.end(),
                       [](const BinDetail& bin) { return bin.count > 0; });
  });
  std::string figures;
  for (const PageStage* stage : stages) {
    const Spread* ece = stage->result->measure(page.split, keys::kEce);
    figures += fmt::format(
        "<figure><figcaption>{}{}</figcaption>\n{}</figure>\n", stage_label(*stage),
        ece ? fmt::format(" <span class=\"soft\">ECE {}</span>", metric_format(keys::kEce).format(*ece)) : "",
        diagram(*stage));
  }
  if (figures.empty()) return "";
  return note(fmt::format("How often a prediction is right, by how sure the network is of it: on the diagonal it is as "
                          "right as it says. Bars: 95 % interval for the bin’s number of examples; below: the share of "
                          "examples in each bin. On the {}. ECE: expected calibration error.",
                          html_escape(detail_note(page, *stages.front())))) +
         fmt::format("<div class=\"figures small\">\n{}</div>\n", figures);
}

}  // namespace limbeck

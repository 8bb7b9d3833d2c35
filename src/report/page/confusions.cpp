// Which class was taken for which: the matrix without its diagonal as a heat map, and its fullest cells as a list.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/text.h"
#include "report/html.h"
#include "report/page/sections.h"
#include "report/text_table.h"

namespace limbeck {
namespace {
constexpr size_t kMostMatrices = 6;
constexpr size_t kMostListed = 8;
constexpr size_t kMostWordedCells = 240;    // that say under the pointer what they count
constexpr size_t kMostWrittenClasses = 16;  // with more, cells are too small for numbers and names
constexpr double kMatrixSide = 320, kMatrixHead = 22;
constexpr double kCharacterWidth = 6.6;  // of 12 px text

struct Confusion {
  size_t truth, predicted;
  int64_t count;
};

std::vector<Confusion> confusions(const ReportedDetail& detail) {
  std::vector<Confusion> found;
  for (size_t row = 0; row < detail.confusion.size(); ++row)
    for (size_t column = 0; column < detail.confusion.size(); ++column)
      if (row != column && detail.confusion[row][column] > 0)
        found.push_back({row, column, detail.confusion[row][column]});
  std::stable_sort(found.begin(), found.end(),
                   [](const Confusion& left, const Confusion& right) { return left.count > right.count; });
  return found;
}

std::string class_name(const Page& page, const ReportedDetail& detail, size_t index) {
  if (index < detail.classes.size()) return detail.classes[index].name;
  return index < page.run.classes.size() ? page.run.classes[index] : std::to_string(index);
}

int64_t row_sum(const ReportedDetail& detail, size_t row) {
  int64_t sum = 0;
  for (const int64_t count : detail.confusion[row]) sum += count;
  return sum;
}

/// Places and sizes of one heat map.
struct Grid {
  double margin, cell;
  double below;  ///< the height that the names of the columns take
  bool written, upright;
  double side() const { return written ? cell - 1 : cell; }  ///< a gap between cells, where they are large enough
};

Grid grid_of(const Page& page, const ReportedDetail& detail) {
  const size_t count = detail.confusion.size();
  const bool written = count <= kMostWrittenClasses;
  size_t longest = 1;
  for (size_t i = 0; written && i < count; ++i)
    longest = std::max(longest, terminal_width(class_name(page, detail, i)));
  const double widest = kCharacterWidth * static_cast<double>(longest);
  const double margin = written ? std::min(96.0, 10 + widest) : 4,
               cell = (kMatrixSide - margin) / static_cast<double>(count);
  const bool upright = widest > cell;
  return {margin, cell, !written ? 4 : upright ? 8 + widest : 20, written, upright};
}

double opacity(int64_t count, int64_t most) {
  return 0.08 + 0.84 * std::sqrt(static_cast<double>(count) / static_cast<double>(most));
}

double x_of(const Grid& grid, const Confusion& at) {
  return grid.margin + grid.cell * static_cast<double>(at.predicted);
}
double y_of(const Grid& grid, const Confusion& at) {
  return kMatrixHead + grid.cell * static_cast<double>(at.truth);
}

/// The rarer confusions of many classes: one path for all cells of one count keeps the page small.
std::string cells_without_words(const Grid& grid, const std::vector<Confusion>& found, int64_t most) {
  std::map<int64_t, std::string> paths;
  for (const Confusion& at : found)
    paths[at.count] +=
        fmt::format("M{0:.1f} {1:.1f}h{2:.1f}v{2:.1f}h-{2:.1f}z", x_of(grid, at), y_of(grid, at), grid.side());
  std::string svg;
  for (const auto& [count, path] : paths)
    svg += fmt::format("<path class=\"heat\" fill-opacity=\"{:.2f}\" d=\"{}\"/>\n", opacity(count, most), path);
  return svg;
}

std::string cell(const Page& page, const ReportedDetail& detail, const Grid& grid, const Confusion& at, int64_t most) {
  const double x = x_of(grid, at), y = y_of(grid, at), side = grid.side(), strength = opacity(at.count, most);
  std::string svg = fmt::format(
      "<g><rect class=\"heat\" x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"{2:.1f}\" "
      "fill-opacity=\"{3:.2f}\"/>",
      x, y, side, strength);
  if (grid.written)
    svg += fmt::format("<text class=\"middle{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", strength > 0.6 ? " strong" : "",
                       x + grid.cell / 2 - 0.5, y + grid.cell / 2 + 4, at.count);
  return svg + fmt::format("<title>{} taken for {}: {} of {} examples</title></g>",
                           html_escape(class_name(page, detail, at.truth)),
                           html_escape(class_name(page, detail, at.predicted)), with_commas(at.count),
                           with_commas(row_sum(detail, at.truth)));
}

std::string names(const Page& page, const ReportedDetail& detail, const Grid& grid) {
  std::string svg = fmt::format(
      "<text class=\"end\" x=\"{0}\" y=\"12\">predicted →</text><text x=\"0\" y=\"12\">true ↓</text>", kMatrixSide);
  for (size_t i = 0; grid.written && i < detail.confusion.size(); ++i) {
    const std::string name = html_escape(class_name(page, detail, i));
    const double at = grid.cell * (static_cast<double>(i) + 0.5);
    svg += fmt::format("<text class=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", grid.margin - 6, kMatrixHead + at + 4,
                       name);
    const double below = kMatrixHead + kMatrixSide - grid.margin;
    if (!grid.upright)
      svg +=
          fmt::format("<text class=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", grid.margin + at, below + 15, name);
    else
      svg += fmt::format("<text class=\"end\" transform=\"translate({:.1f} {:.1f}) rotate(-90)\">{}</text>",
                         grid.margin + at + 4, below + 5, name);
  }
  return svg;
}

/// `most`: what the strongest colour stands for.
std::string heat_map(const Page& page, const PageStage& stage, const std::vector<Confusion>& found, int64_t most) {
  const ReportedDetail& detail = stage.detail;
  const Grid grid = grid_of(page, detail);
  const double height = kMatrixHead + kMatrixSide - grid.margin + grid.below;
  std::string svg = fmt::format(
      "<svg class=\"plot heatmap\" viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" height=\"{1:.0f}\" "
      "role=\"img\" aria-label=\"confusions of {2}\">\n{3}\n<path class=\"grid\" d=\"",
      kMatrixSide, height, html_escape(stage.result->name), names(page, detail, grid));
  const double end = kMatrixSide - grid.margin;
  svg += fmt::format("M{0:.1f} {1:.1f}h{2:.1f}v{2:.1f}h-{2:.1f}z\"/>\n", grid.margin - 0.5, kMatrixHead - 0.5, end);
  for (size_t i = 0; i < detail.confusion.size(); ++i)
    svg += fmt::format("<rect class=\"diagonal\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>",
                       grid.margin + grid.cell * static_cast<double>(i),
                       kMatrixHead + grid.cell * static_cast<double>(i), grid.side(), grid.side());
  const auto worded = found.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), kMostWordedCells));
  for (auto at = found.begin(); at != worded; ++at) svg += cell(page, detail, grid, *at, most) + "\n";
  return svg + cells_without_words(grid, {worded, found.end()}, most) + "</svg>\n";
}

std::string list(const Page& page, const ReportedDetail& detail, const std::vector<Confusion>& found) {
  std::string html = "<ol class=\"confusions\">";
  for (size_t i = 0; i < std::min(found.size(), kMostListed); ++i)
    html += fmt::format("<li><b>{}</b> → <b>{}</b> <span class=\"soft\">{}×</span></li>",
                        html_escape(class_name(page, detail, found[i].truth)),
                        html_escape(class_name(page, detail, found[i].predicted)), with_commas(found[i].count));
  return html + "</ol>\n";
}

}  // namespace

std::string confusions_section(const Page& page) {
  const auto stages =
      chosen_stages(page, kMostMatrices, [](const PageStage& stage) { return !stage.detail.confusion.empty(); });
  std::string figures;
  int64_t most = 0;  // of all of them, so that equal counts have equal colours
  for (const PageStage* stage : stages)
    if (const std::vector<Confusion> found = confusions(stage->detail); !found.empty())
      most = std::max(most, found.front().count);
  for (const PageStage* stage : stages) {
    const std::vector<Confusion> found = confusions(stage->detail);
    if (found.empty()) continue;
    figures += fmt::format("<figure><figcaption>{}</figcaption>\n{}{}</figure>\n", stage_label(*stage),
                           heat_map(page, *stage, found, most), list(page, stage->detail, found));
  }
  if (figures.empty()) return "";
  return note(fmt::format(
             "Wrong predictions only, the right ones on the diagonal are left out; the list gives the most "
             "frequent, true → predicted. The colours mean the same in all: the strongest is {} examples. On the {}.",
             with_commas(most), html_escape(detail_note(page, *stages.front())))) +
         fmt::format("<div class=\"figures\">\n{}</div>\n", figures);
}

}  // namespace limbeck

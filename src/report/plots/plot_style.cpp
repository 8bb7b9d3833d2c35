#include "report/plots/plot_style.h"

#include <fmt/core.h>

#include <array>

namespace limbeck {
namespace {

struct Theme {
  const char *surface, *ink, *faded_ink, *grid, *axis, *neutral;
  std::array<const char*, kPlotColours> hues;
};

constexpr Theme kLight = {
    .surface = "#fcfcfb",
    .ink = "#1a1a19",
    .faded_ink = "#5c5b57",
    .grid = "#e9e8e4",
    .axis = "#b5b4ae",
    .neutral = "#8a8983",
    .hues = {"#2f6fde", "#b8480a", "#17a387", "#6a35b8", "#c27f05", "#b01675", "#3f7d4f", "#4d93bd"},
};
constexpr Theme kDark = {
    .surface = "#1a1a19",
    .ink = "#f3f2ee",
    .faded_ink = "#b9b8b0",
    .grid = "#32322f",
    .axis = "#5f5e59",
    .neutral = "#93928a",
    .hues = {"#8fb6ff", "#e0622a", "#25d398", "#8566ee", "#c2a81a", "#f06bb5", "#5c916b", "#1ea3e0"},
};

constexpr const char* kShapes =
    R"(.plot{display:block;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
.plot text{font-size:12px;font-variant-numeric:tabular-nums}
.plot .title{font-size:14px;font-weight:600}
.plot .middle{text-anchor:middle}.plot .end{text-anchor:end}
.plot .grid,.plot .axis,.plot .line,.plot .error,.plot .cross{fill:none}
.plot .line{stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.plot .faint{stroke-width:1;opacity:.4}
.plot .again{stroke-dasharray:5 4}
.plot .error{stroke:currentColor;stroke-width:1.25}
.plot .band{fill:currentColor;opacity:.16}
.plot .dot{fill:currentColor;stroke-width:1.5}
.plot .dot.small{stroke-width:.5}
)";

std::string colours(const Theme& theme) {
  std::string css = fmt::format(
      ".plot{{background:{0}}}.plot text{{fill:{2}}}.plot .title{{fill:{1}}}.plot .grid{{stroke:{3}}}"
      ".plot .axis,.plot .cross{{stroke:{4}}}.plot .dot{{stroke:{0}}}\n",
      theme.surface, theme.ink, theme.faded_ink, theme.grid, theme.axis);
  css += fmt::format(".c0{{color:{}}}", theme.neutral);
  for (size_t i = 0; i < theme.hues.size(); ++i) css += fmt::format(".c{}{{color:{}}}", i + 1, theme.hues[i]);
  return css + "\n";
}

}  // namespace

std::string colour_class(int line) {
  return fmt::format("c{}{}", line % kPlotColours + 1, line >= kPlotColours ? " again" : "");
}

std::string plot_style() {
  return kShapes + colours(kLight) + "@media screen and (prefers-color-scheme:dark){\n" + colours(kDark) + "}\n";
}

}  // namespace limbeck

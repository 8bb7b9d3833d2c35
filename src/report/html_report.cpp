#include "report/html_report.h"

#include <fmt/core.h>

#include "report/html.h"
#include "report/page/assets.h"
#include "report/page/page.h"
#include "report/page/sections.h"
#include "report/plot_style.h"

namespace limbeck {
namespace {

/// The sections in the order of reading, and how the page's contents call them.
struct Section {
  const char* id;
  const char* name;
  std::string (*html)(const Page&);
};
constexpr Section kSections[] = {
    {"results", "Results", results_section},
    {"figures", "Figures", figures_section},
    {"training", "Training", training_section},
    {"calibration", "Calibration", calibration_section},
    {"classes", "Classes", classes_section},
    {"confusions", "Confusions", confusions_section},
    {"soft-targets", "Soft targets", soft_targets_section},
    {"settings", "Settings", settings_section},
};

// The page's content security policy: everything stands in the file itself, nothing may be fetched.
constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
)";

}  // namespace

std::string html_report(const fs::path& run_folder) {
  const Page page = read_page(run_folder);
  std::string contents, sections;
  for (const Section& section : kSections) {
    const std::string html = section.html(page);
    if (html.empty()) continue;
    contents += fmt::format("<a href=\"#{}\">{}</a>", section.id, section.name);
    sections += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", section.id, section.name, html);
  }
  return fmt::format(
      "{}<title>{}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n{}<nav>{}</nav>\n<main>\n{}</main>\n"
      "<div id=\"tip\" role=\"status\" hidden></div>\n<script>\n{}</script>\n</body>\n</html>\n",
      kHead, html_escape(page.run.name.empty() ? "Limbeck run" : page.run.name + " – Limbeck"), plot_style(),
      kPageStyle, header_of(page), contents, sections, kPageScript);
}

void write_html_report(const fs::path& run_folder) {
  write_file(run_folder / "report.html", html_report(run_folder));
}

}  // namespace limbeck

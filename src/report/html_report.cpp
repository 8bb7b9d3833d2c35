#include "report/html_report.h"

#include <fmt/core.h>

#include "report/page/document.h"
#include "report/page/page.h"
#include "report/page/sections.h"

namespace limbeck {
namespace {

/// In the order of reading.
constexpr Section kSections[] = {
    {"tradeoff", "What it costs", tradeoff_section},
    {"training", "Training", training_section},
    {"results", "Results", results_section},
    {"figures", "Figures", figures_section},
    {"soft-targets", "Soft targets", soft_targets_section},
    {"specialists", "Specialists", specialists_section},
    {"deployment", "Deployment", deployment_section, true},
    {"calibration", "Calibration", calibration_section, true},
    {"classes", "Classes", classes_section, true},
    {"confusions", "Confusions", confusions_section, true},
    {"settings", "Settings", settings_section, true},
};

}  // namespace

std::string html_report(const fs::path& run_folder) {
  const Page page = read_page(run_folder);
  std::string contents, sections;
  for (const Section& section : kSections) {
    const std::string html = section_html(section, page);
    if (html.empty()) continue;
    contents += fmt::format("<a href=\"#{}\">{}</a>", section.id, section.name);
    sections += html;
  }
  return document(page.run.name.empty() ? "Limbeck run" : page.run.name + " – Limbeck",
                  fmt::format("{}<nav>{}</nav>\n<main>\n{}</main>\n", header_of(page), contents, sections));
}

void write_html_report(const fs::path& run_folder) {
  write_file(run_folder / "report.html", html_report(run_folder));
}

}  // namespace limbeck

#pragma once
// The sections of a run's page, each implemented in its own file. A section without data is empty.
#include <string>

#include "report/page/page.h"

namespace limbeck {

/// Returns the header: name, key facts and a summary of the results as text and cards.
std::string header_of(const Page& page);

std::string tradeoff_section(const Page& page);      ///< accuracy against size and latency
std::string results_section(const Page& page);       ///< all metrics of all stages, beside the paper's
std::string figures_section(const Page& page);       ///< plots defined by the recipe
std::string training_section(const Page& page);      ///< errors, losses and learning rates by epoch
std::string calibration_section(const Page& page);   ///< reliability diagrams
std::string classes_section(const Page& page);       ///< errors, recall and precision per class
std::string confusions_section(const Page& page);    ///< confusion matrices
std::string soft_targets_section(const Page& page);  ///< examples with the networks' output distributions
std::string specialists_section(
    const Page& page);  ///< a generalist's specialists, their classes and their gain in accuracy
std::string deployment_section(const Page& page);  ///< size, latency and memory of each network
std::string settings_section(const Page& page);    ///< recipe, environment, how to reproduce the run

/// A section and its entry in the table of contents.
struct Section {
  const char* id;
  const char* name;
  std::string (*html)(const Page&);
  bool folded = false;  ///< collapsed by default
};

/// Returns the section with its heading; empty if it has no content.
std::string section_html(const Section& section, const Page& page);

/// Returns the colored square that precedes a stage's name.
std::string chip(int colour);
/// Returns a stage's chip and name.
std::string stage_label(const PageStage& stage);
/// Returns an entry of the fact list below the page's title; empty if the value is empty.
std::string fact(const std::string& name, const std::string& value);
/// Returns a small gray paragraph.
std::string note(const std::string& escaped_text);
/// Returns a table cell. On narrow screens, rows become blocks and the column's name appears above the cell.
std::string table_cell(const std::string& column, const std::string& html, bool number = true);

}  // namespace limbeck

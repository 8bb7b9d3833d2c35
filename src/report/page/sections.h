#pragma once
// The sections of a run's page, each in its own file. A section that has nothing to show is empty.
#include <string>

#include "report/page/page.h"

namespace limbeck {

/// Name, facts and what came out, in words and cards.
std::string header_of(const Page& page);

std::string tradeoff_section(const Page& page);      ///< accuracy against size and latency
std::string results_section(const Page& page);       ///< all stages and all their numbers, beside the paper's
std::string figures_section(const Page& page);       ///< the recipe's own plots
std::string training_section(const Page& page);      ///< errors, losses and learning rates by epoch
std::string calibration_section(const Page& page);   ///< reliability diagrams
std::string classes_section(const Page& page);       ///< errors, recall and precision of each class
std::string confusions_section(const Page& page);    ///< which class was taken for which
std::string soft_targets_section(const Page& page);  ///< examples with the networks' distributions
std::string specialists_section(const Page& page);   ///< a generalist's specialists, their classes and what they add
std::string deployment_section(const Page& page);    ///< what each network costs where it runs
std::string settings_section(const Page& page);      ///< recipe, environment, how to run it again

/// A section, and how the page's contents call it.
struct Section {
  const char* id;
  const char* name;
  std::string (*html)(const Page&);
  bool folded = false;  ///< opened by who wants the details
};

/// The section with its heading; empty where it has nothing to show.
std::string section_html(const Section& section, const Page& page);

/// The square in a stage's colour that stands before its name.
std::string chip(int colour);
/// Chip and name.
std::string stage_label(const PageStage& stage);
/// A term of the list of facts below a page's title; empty without a value.
std::string fact(const std::string& name, const std::string& value);
/// A small grey paragraph.
std::string note(const std::string& escaped_text);
/// A cell of a table whose rows become blocks on narrow screens: there the column's name stands above it.
std::string table_cell(const std::string& column, const std::string& html, bool number = true);

}  // namespace limbeck

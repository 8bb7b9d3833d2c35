#pragma once
// Overwrite protection: a command may overwrite files that this program wrote, but never its own inputs. Call the
// checks before doing any work.
//
//   check_output("student.onnx", {.reads = {model}, .force = flags.force});
//   check_output_folder("page", {.names = {"index.html"}, .proof = "playground.json"});
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct OutputRules {
  std::vector<fs::path> reads = {};              ///< input files of the command; never overwritten, not even with
                                                 ///< `force`
  std::vector<std::string> marks = {"limbeck"};  ///< written by this program if one of these occurs in the first or
                                                 ///< last 256 KiB
  bool force = false;                            ///< overwrite other programs' files too
};

/// Throws Error of kind usage, with a suggestion, if `file` is a folder, or exists and may not be overwritten. An empty
/// file that the command does not read may be overwritten.
void check_output(const fs::path& file, const OutputRules& rules);

struct OutputFolder {
  std::vector<std::string> names;  ///< files and folders that will be written there
  std::string proof;               ///< a file that exists in every folder written by this program
  std::string kind;                ///< "run"
  bool force = false;
};

/// Same for a folder: throws if it holds any of `names` but not `proof`, unless `force`.
void check_output_folder(const fs::path& folder, const OutputFolder& expected);

}  // namespace limbeck

#pragma once
// Which files this program may overwrite: those that it wrote itself, and never those that the command reads. Checked
// before any work.
//
//   check_output("student.onnx", {.reads = {model}, .force = flags.force});
//   check_output_folder("page", {.names = {"index.html"}, .proof = "playground.json"});
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct OutputRules {
  std::vector<fs::path> reads = {};              ///< files that the command reads; not even `force` overwrites them
  std::vector<std::string> marks = {"limbeck"};  ///< a file is ours if one of these is near its beginning or its end
  bool force = false;                            ///< overwrite files of others too
};

/// Throws Error of kind usage, with advice, if `file` exists and may not be overwritten.
void check_output(const fs::path& file, const OutputRules& rules);

struct OutputFolder {
  std::vector<std::string> names;  ///< of files and folders that will be written there
  std::string proof;               ///< a file that lies in every folder that is ours
  std::string kind;                ///< "run"
  bool force = false;
};

/// The same for a folder: it is another program's if it holds any of the names but not the proof.
void check_output_folder(const fs::path& folder, const OutputFolder& expected);

}  // namespace limbeck

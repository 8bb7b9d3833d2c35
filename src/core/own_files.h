#pragma once
// What this program may write over: what it wrote itself, and never what it is about to read. Asked before any work, so
// that nothing is lost and no time either.
//
//   check_output("student.onnx", {.reads = {model}, .force = flags.force});
//   check_output_folder("page", {.names = {"index.html"}, .proof = "playground.json"});
#include <string>
#include <vector>

#include "core/files.h"

namespace limbeck {

struct OutputRules {
  std::vector<fs::path> reads = {};  ///< what the command reads; not even `force` lets it be written over
  std::vector<std::string> marks = {
      "limbeck"};      ///< one of these stands near the beginning or the end of a file that is ours
  bool force = false;  ///< files of others are written over
};

/// Throws Error of kind usage that says how to go on, where `file` is there and may not be written over.
void check_output(const fs::path& file, const OutputRules& rules);

struct OutputFolder {
  std::vector<std::string> names;  ///< of files and folders that will be written there
  std::string proof;               ///< a file that lies in every folder that is ours
  std::string kind;                ///< "run"
  bool force = false;
};

/// The same for a folder: one that holds any of the names and not the proof is another's.
void check_output_folder(const fs::path& folder, const OutputFolder& expected);

}  // namespace limbeck

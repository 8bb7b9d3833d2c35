#pragma once
// Lists recordings with their word, speaker and split, by file name or from a CSV file.
//
//   {word}_{speaker}_{index}.wav   a pattern for names below a folder: 7_jackson_32.wav; {any} matches anything
//   file,word,speaker,split        the first line of a CSV file; `speaker` and `split` (train or test) may be missing;
//                                  files are below the folder; fields may be in double quotes
//
//   const std::vector<Recording> all = list_recordings({.folder = "recordings", .test_below = 5});
#include <cstdint>
#include <string>
#include <vector>

#include "core/files.h"
#include "limbeck/fields.h"

namespace limbeck {

struct Recording {
  fs::path file;
  std::string word, speaker;
  int64_t index = -1;  ///< −1: its name has none
  bool test = false;
};

/// How recordings are found and divided into splits.
struct RecordingsOptions {
  std::string folder;
  std::string pattern = "{word}_{speaker}_{index}.wav";
  std::string csv;         ///< CSV file; empty: use the pattern
  std::string held_out;    ///< speaker whose recordings are the test split; empty: by split column, index or hash
  int64_t test_below = 0;  ///< recordings with a smaller index are the test split; 0: not by index
  double holdout = 0.1;    ///< fraction of each word's recordings for the test split, by lowest hash of the name, if
                           ///< nothing above applies

  void bind(Fields& fields);
};

/// Returns the recordings sorted by name; adds to `notices` how many files do not match the pattern. The test split is
/// determined by, in order of precedence: the held-out speaker, the CSV file's split column, the index, the hash.
/// Throws Error for a missing folder or CSV file, a pattern that matches no file, a file listed twice, a word that
/// occurs only in test recordings, a single word, an unknown speaker, or an empty split.
std::vector<Recording> list_recordings(const RecordingsOptions& options, std::vector<std::string>& notices);

}  // namespace limbeck

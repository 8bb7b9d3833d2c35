#pragma once
// Which recordings there are, what is said in them, by whom, and which of them test.
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
#include "recipe/fields.h"

namespace limbeck {

struct Recording {
  fs::path file;
  std::string word, speaker;
  int64_t index = -1;  ///< −1: its name has none
  bool test = false;
};

/// How recordings are found and divided.
struct RecordingsOptions {
  std::string folder;
  std::string pattern = "{word}_{speaker}_{index}.wav";
  std::string csv;         ///< empty: by pattern
  std::string held_out;    ///< this speaker's recordings are the test split; empty: by index, split column or hash
  int64_t test_below = 0;  ///< recordings with a smaller index are the test split; 0: not by index
  double holdout =
      0.1;  ///< part of each word for the test split, the lowest hashes of names, where nothing else says it

  void bind(Fields& fields);
};

/// Sorted by name; `notices`: how many files the pattern does not fit. A speaker that is held out decides, then a CSV
/// file's split column, then the index, then the hash. Throws Error for a folder or CSV file that is not there, a
/// pattern that no file fits, a file that is listed twice, a word that only test recordings have, a single word, an
/// unknown speaker, an empty split.
std::vector<Recording> list_recordings(const RecordingsOptions& options, std::vector<std::string>& notices);

}  // namespace limbeck

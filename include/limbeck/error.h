#pragma once
// The errors of the library. It never prints, exits or aborts: it throws limbeck::Error, and the program that embeds it
// decides. A message says what was found and what was expected. Message lines longer than 1,200 bytes (for
// example, with long names from input files) are truncated in the middle.
//
//   throw Error("batch_size is 0; expected at least 1");
//   throw Error(ErrorKind::usage, "unknown split 'tset'; did you mean 'test'?");
//
// Thread-safety: errors are values.
#include <stdexcept>
#include <string>
#include <vector>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

/// Category of an error; determines the exit code of the program limbeck.
enum class ErrorKind {
  failed,       ///< the run failed: a file could not be read, the loss became NaN (exit code 1)
  usage,        ///< the command line or the recipe is wrong (exit code 2)
  interrupted,  ///< a stop was requested; progress is saved (exit code 128 + signal)
};

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : Error(ErrorKind::failed, message) {}
  Error(ErrorKind kind, const std::string& message);
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// A position in a text file; lines and columns are numbered from 1. A column of 0 means the whole line, a line of 0
/// the whole file.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;

  /// "recipes/mine.yaml:14:7"
  std::string text() const;
};

/// One error in a recipe: its position, the path of the key, and the message.
struct Diagnostic {
  SourceLocation where;
  std::string path;  ///< "stages[1].loss[0].temprature"; empty for the whole file
  std::string message;

  /// "recipes/mine.yaml:14:7: stages[1].loss[0].temprature: unknown key; did you mean 'temperature'?"
  std::string text() const;
};

/// All errors found in a recipe, as one Error of kind usage, sorted by file, line and column.
class DiagnosticsError : public Error {
 public:
  explicit DiagnosticsError(std::vector<Diagnostic> diagnostics);
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace LIMBECK_API

#pragma once
// The errors of the library. Nothing in Limbeck prints, exits or aborts: it throws limbeck::Error, and the program that
// embeds it decides what to do. A message says what was found and what was expected. Of a line of more than 1,200
// bytes, as names from outside can make it, its begin and its end are kept.
//
//   throw Error("batch_size is 0; expected at least 1");
//   throw Error(ErrorKind::usage, "unknown split 'tset'; did you mean 'test'?");
#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace limbeck {

/// Whose mistake an error is; the program's exit code follows from it.
enum class ErrorKind {
  failed,       ///< the run failed: a file could not be read, the loss became NaN (exit code 1)
  usage,        ///< the command line or the recipe is wrong (exit code 2)
  interrupted,  ///< a signal asked to stop; what was done is saved (exit code 128 + signal)
};

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : Error(ErrorKind::failed, message) {}
  Error(ErrorKind kind, const std::string& message);
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// A place in a text file; line and column count from 1. A column of 0 means the whole line, a line of 0 the whole
/// file.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;

  /// "recipes/mine.yaml:14:7"
  std::string text() const;
};

/// One mistake in a recipe: where it stands, the path of the key, and what is wrong with it.
struct Diagnostic {
  SourceLocation where;
  std::string path;  ///< "stages[1].loss[0].temprature"; empty for the whole file
  std::string message;

  /// "recipes/mine.yaml:14:7: stages[1].loss[0].temprature: unknown key; did you mean 'temperature'?"
  std::string text() const;
};

/// All mistakes that were found, in the order of the file, as one error of kind usage.
class DiagnosticsError : public Error {
 public:
  explicit DiagnosticsError(std::vector<Diagnostic> diagnostics);
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace limbeck

#pragma once
// What the program says of its commands and options, for all that is made of it: suggestions, completion, the manual.
#include <string>
#include <vector>

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace limbeck {

/// What completion offers for a value.
enum class Offer {
  nothing,     ///< for all type names but these
  words,       ///< CLI::IsMember, CLI::CheckedTransformer, such_as
  file,        ///< type names FILE; PATH and MODEL, which may be folders too
  named_file,  ///< NAME=FILE
  folder,      ///< DIR
  recipe,      ///< RECIPE: a YAML file
  command,     ///< COMMAND: a command of this program
};

/// An option; or an argument, which has a place instead of names that begin with "-".
struct OptionDescription {
  std::vector<std::string> names;  ///< "-q", "--quiet"; of an argument "recipe"
  std::string meaning;
  std::string group;        ///< its heading in --help
  std::string value;        ///< "DIR"; empty: a flag
  std::string standard;     ///< the default; empty: --help shows none
  std::string least, most;  ///< the range of a number; empty: --help shows none
  Offer offer = Offer::nothing;
  std::vector<std::string> words;          ///< offered
  bool only_words = false;                 ///< others are refused
  bool required = false;                   ///< must be given
  bool repeats = false;                    ///< may be given several times
  bool takes_list = false;                 ///< further values may follow the first
  bool ends = false;                       ///< --help, --version: nothing else is done
  std::vector<std::string> needs = {};     ///< names of options without which it is refused
  std::vector<std::string> excludes = {};  ///< names of options with which it is refused
};

struct CommandDescription {
  std::string name;  ///< "limbeck data fetch"
  std::string meaning;
  std::string footer;  ///< empty: that of the command around it
  std::vector<OptionDescription> arguments;
  std::vector<OptionDescription> options;    ///< in the order in which they were added
  std::vector<OptionDescription> inherited;  ///< of the command around it, but may stand here too
  std::vector<CommandDescription> commands;

  /// The last word of its name.
  std::string word() const { return name.substr(name.rfind(' ') + 1); }
};

CommandDescription describe(const CLI::App& command);

/// "limbeck data fetch"
std::string name_of(const CLI::App& command);
/// Names of the commands right within one.
std::vector<std::string> command_names(const CLI::App& command);
/// "--threads", "-q", …
std::vector<std::string> option_names(const CLI::App& command);

/// Accepts every value, and names some that completion offers.
CLI::Validator such_as(const std::vector<std::string>& words);

}  // namespace limbeck

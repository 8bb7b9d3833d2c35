#include "app/manual.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string_view>

#include "core/version.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

struct Entry {
  const char* name;
  const char* meaning;
};

constexpr const char* kDescription =
    "It trains a small network, the student, from the soft targets of a large one, the teacher.\n\n"
    "A recipe, a YAML file, describes what is run: `limbeck init` writes one to start from, `limbeck check` finds its "
    "mistakes, and `limbeck run` trains its stages one after the other, evaluates them, and leaves tables, plots and a "
    "report. `limbeck distill` does the same from options alone.";

constexpr Entry kExitStatus[] = {
    {"0", "done"},
    {"1", "the run failed"},
    {"2", "the command line or the recipe is wrong"},
    {"128 + n", "stopped by signal n, after saving; the same command resumes the run"},
};

constexpr Entry kEnvironment[] = {
    {"LIMBECK_DATA", "folder of the data sets, where --data does not name one"},
    {"LIMBECK_LEASE_SECONDS",
     "how long after its last sign of life a process of another host keeps what it works on in a shared folder, from 5 "
     "to 86400 (default: 60)"},
    {"LIMBECK_ONNXRUNTIME",
     "library of onnxruntime that runs ONNX files, or a folder that holds it; otherwise the system is searched"},
    {"NO_COLOR", "if it is set and not empty, nothing is colored unless --color says so"},
    {"TERM", "nothing is colored on a terminal that is `dumb`, unless --color says so"},
    {"COLUMNS", "width of the output, in the place of the terminal's"},
    {"XDG_CACHE_HOME, HOME", "where the cache folder is, see FILES"},
    {"TMPDIR", "folder for temporary files of `limbeck bench` (default: /tmp)"},
    {"OMP_WAIT_POLICY, GOMP_SPINCOUNT, OPENBLAS_CORETYPE",
     "set to what is fastest for this program, unless they are set. The number of threads is that of --threads; "
     "OMP_NUM_THREADS does not change it."},
};

constexpr Entry kFiles[] = {
    {"runs/NAME",
     "what a run leaves, unless --out names another folder: report.html, results.json, plots, and in "
     "stages/ a folder for each stage, with its network as weights.safetensors"},
    {"$XDG_CACHE_HOME/limbeck, ~/.cache/limbeck",
     "the cache folder, in which data sets are looked for after --data and $LIMBECK_DATA. The second one where "
     "XDG_CACHE_HOME is not set."},
};

constexpr const char* kSeeAlso =
    "`limbeck list` documents the keys and components of recipes, `limbeck help COMMAND` explains a command, and "
    "`limbeck completion` prints what bash and zsh complete it by.";

/// The code point at the beginning of UTF-8 text, and its number of bytes.
std::pair<uint32_t, size_t> code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  uint32_t point = bytes == 1 ? lead : lead & (0x7fU >> bytes);
  for (size_t i = 1; i < bytes && i < text.size(); ++i)
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  return {point, std::min(bytes, text.size())};
}

/// Text in which troff sees nothing of its own.
std::string troff(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto [point, bytes] = code_point(text);
    switch (point) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '"':
        result += "\\(dq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      default:
        result += point < 0x80 ? std::string(1, static_cast<char>(point)) : fmt::format("\\[u{:04X}]", point);
    }
    text.remove_prefix(bytes);
  }
  return result;
}

std::string bold(std::string_view text) {
  return "\\fB" + troff(text) + "\\fR";
}

std::string italic(std::string_view text) {
  return "\\fI" + troff(text) + "\\fR";
}

/// Prose, with what stands between backticks in bold.
std::string prose(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t open = text.find('`'), close = open == text.npos ? open : text.find('`', open + 1);
    result += troff(text.substr(0, close == text.npos ? close : open));
    if (close == text.npos) break;
    result += bold(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return result;
}

/// Lines of the source, none of which begins as a request would.
std::string source_lines(const std::string& text) {
  constexpr size_t kWidth = 78;
  std::string result, rest = wrap(text, kWidth) + "\n";
  for (size_t begin = 0, end; (end = rest.find('\n', begin)) != rest.npos; begin = end + 1) {
    if (rest[begin] == '.' || rest[begin] == '\'') result += "\\&";
    result += rest.substr(begin, end + 1 - begin);
  }
  return result;
}

std::string tagged(const std::string& tag, const std::string& text) {
  return ".TP\n" + source_lines(tag) + source_lines(text);
}

template <size_t N>
std::string section(const char* title, const Entry (&entries)[N]) {
  std::string text = fmt::format(".SH {}\n", title);
  for (const Entry& entry : entries) text += tagged(bold(entry.name), prose(entry.meaning));
  return text;
}

std::string paragraphs(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t end = std::min(text.find("\n\n"), text.size());
    result += ".PP\n" + source_lines(prose(text.substr(0, end)));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return result;
}

/// A line that the reader could type, indented, or all of it.
std::string example(std::string_view line) {
  return ".RS 4\n.PP\n" + source_lines(bold(line)) + ".RE\n";
}

/// A command's last words: prose; lines that are indented, or stand behind "Example:  ", which are examples; and lines
/// "term    meaning".
std::string footer(std::string_view text) {
  std::string result;
  bool paragraph = false;  // the line before was prose
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t gap = line.find("  "), behind = line.find_first_not_of(' ', std::min(gap, line.size()));
    const bool plain = !line.empty() && gap == line.npos;
    if (plain)
      result += (paragraph ? "" : ".PP\n") + source_lines(prose(line));
    else if (gap == 0)
      result += example(line.substr(behind));
    else if (!line.empty() && line[gap - 1] == ':')
      result += ".PP\n" + source_lines(prose(line.substr(0, gap))) + example(line.substr(behind));
    else if (!line.empty())
      result += tagged(bold(line.substr(0, gap)), prose(line.substr(behind)));
    paragraph = plain;
  }
  return result;
}

/// "--resize crop|stretch", "--out DIR"
std::string with_value(const std::string& name, const OptionDescription& option) {
  if (option.value.empty()) return bold(name);
  if (!option.only_words) return bold(name) + " " + italic(option.value);
  std::string values;
  for (const std::string& word : option.words) values += (values.empty() ? "" : "|") + bold(word);
  return bold(name) + " " + values;
}

/// "softens both distributions (required; from 1 to 9; default: 4)"
std::string meaning_of(const OptionDescription& option) {
  std::vector<std::string> told;
  if (option.required) told.emplace_back("required");
  if (!option.least.empty()) told.push_back(fmt::format("from {} to {}", option.least, option.most));
  if (!option.needs.empty()) told.push_back(fmt::format("needs {}", fmt::join(option.needs, ", ")));
  if (!option.excludes.empty()) told.push_back(fmt::format("not with {}", fmt::join(option.excludes, ", ")));
  if (!option.standard.empty()) told.push_back("default: " + option.standard);
  if (told.empty()) return option.meaning;
  const std::string all = fmt::format("{}", fmt::join(told, "; "));
  const size_t own = option.meaning.rfind("(default:");  // which the conditions then stand before
  return own == std::string::npos ? fmt::format("{} ({})", option.meaning, all)
                                  : option.meaning.substr(0, own + 1) + all + "; " + option.meaning.substr(own + 1);
}

std::string option_entry(const OptionDescription& option) {
  std::string tag;
  for (const std::string& name : option.names) {
    if (!tag.empty()) tag += ", ";
    tag += name == option.names.back() ? with_value(name, option) : bold(name);
  }
  return tagged(tag, prose(meaning_of(option)));
}

bool is_among(const OptionDescription& option, const std::vector<OptionDescription>& options) {
  return std::any_of(options.begin(), options.end(), [&](const OptionDescription& other) {
    return other.names == option.names && other.meaning == option.meaning;
  });
}

/// The options that every command has: they are explained once.
std::vector<OptionDescription> common_options(const CommandDescription& program) {
  std::vector<OptionDescription> common;
  for (const OptionDescription& option : program.commands.front().options)
    if (std::all_of(program.commands.begin(), program.commands.end(),
                    [&](const CommandDescription& command) { return is_among(option, command.options); }))
      common.push_back(option);
  return common;
}

/// "limbeck run [OPTIONS] recipe"
std::string synopsis(const CommandDescription& command) {
  std::string text = bold(command.name);
  for (const OptionDescription& option : command.options)
    if (option.required) text += " " + with_value(option.names.back(), option);
  text += " [" + italic("OPTIONS") + "]";
  if (!command.commands.empty()) text += " " + italic("COMMAND");
  for (const OptionDescription& argument : command.arguments) {
    const std::string name = italic(argument.names.front()) + (argument.repeats ? "..." : "");
    text += " " + (argument.required ? name : "[" + name + "]");
  }
  return text;
}

std::string subsection(const CommandDescription& command, const std::vector<OptionDescription>& common) {
  std::string text = fmt::format(".SS \"{}\"\n", troff(command.name)) + source_lines(synopsis(command)) + ".PP\n" +
                     source_lines(prose(command.meaning) + ".");
  for (const OptionDescription& argument : command.arguments)
    text += tagged(italic(argument.names.front()), prose(meaning_of(argument)));
  std::vector<std::string> groups;
  for (const OptionDescription& option : command.options)
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  for (const std::string& group : groups) {
    std::string entries;
    for (const OptionDescription& option : command.options)
      if (option.group == group && !is_among(option, common)) entries += option_entry(option);
    if (!entries.empty()) text += ".PP\n" + italic(group) + ":\n" + entries;
  }
  text += footer(command.footer);
  for (const CommandDescription& inner : command.commands) text += subsection(inner, common);
  return text;
}

/// "distils large networks" of "Limbeck distils large networks."
std::string in_a_line(const std::string& sentence) {
  std::string text = sentence.substr(sentence.find(' ') + 1);
  while (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string manual_page(const CommandDescription& program) {
  const std::vector<OptionDescription> common = common_options(program);
  std::string text = fmt::format(
      ".\\\" What `limbeck help --man` prints.\n"
      ".TH LIMBECK 1 {} \"limbeck {}\" \"User Commands\"\n"
      ".nh\n.ad l\n.ss 12 0\n",
      kVersionDate, library_version());
  text += ".SH NAME\nlimbeck \\- " + troff(in_a_line(program.meaning)) + "\n";
  text += ".SH SYNOPSIS\n" + bold("limbeck") + " " + italic("COMMAND") + " [" + italic("OPTIONS") + "] [" +
          italic("ARGUMENTS") + "]\n.br\n" + bold("limbeck help") + " [" + italic("COMMAND") + "]\n.br\n" +
          bold("limbeck --version") + "\n";
  text +=
      ".SH DESCRIPTION\n" + source_lines(prose(program.meaning)) + paragraphs(kDescription) + footer(program.footer);
  text += ".SH OPTIONS\nEvery command takes:\n";
  for (const OptionDescription& option : common) text += option_entry(option);
  text += ".PP\nWithout a command:\n";
  for (const OptionDescription& option : program.options)
    if (!is_among(option, common)) text += option_entry(option);
  text += ".SH COMMANDS\n";
  for (const CommandDescription& command : program.commands) text += subsection(command, common);
  text += section("EXIT STATUS", kExitStatus) + section("ENVIRONMENT", kEnvironment) + section("FILES", kFiles);
  return text + ".SH SEE ALSO\n" + source_lines(prose(kSeeAlso));
}

}  // namespace limbeck

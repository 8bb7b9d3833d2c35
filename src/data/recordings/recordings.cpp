#include "data/recordings/recordings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/hash.h"
#include "core/nearest.h"
#include "core/unicode.h"

namespace limbeck {
namespace {

constexpr const char* kFileColumn = "file";
constexpr const char* kWordColumn = "word";
constexpr const char* kSpeakerColumn = "speaker";
constexpr const char* kSplitColumn = "split";
constexpr const char* kSilence = "silence";

int64_t number_in(const std::string& text) {
  int64_t number = -1;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() ? number : -1;
}

/// A pattern as a regular expression whose groups are the names in `names`.
struct NamePattern {
  std::regex expression;
  std::vector<std::string> names;

  explicit NamePattern(const std::string& pattern) {
    std::string text;
    for (size_t at = 0; at < pattern.size(); ++at) {
      const size_t end = pattern[at] == '{' ? pattern.find('}', at) : std::string::npos;
      if (end != std::string::npos) {
        const std::string name = pattern.substr(at + 1, end - at - 1);
        if (name != "word" && name != "speaker" && name != "index" && name != "any")
          throw Error(
              ErrorKind::usage,
              fmt::format("pattern '{}': unknown part '{{{}}}'; expected {{word}}, {{speaker}}, {{index}} or {{any}}",
                          pattern, name));
        names.push_back(name);
        text += name == "index" ? "([0-9]+)" : name == "any" ? "(.*)" : "([^/_]+|[^/]+?)";
        at = end;
      } else {
        if (std::string("\\^$.|?*+()[]{}").find(pattern[at]) != std::string::npos) text += '\\';
        text += pattern[at];
      }
    }
    if (std::find(names.begin(), names.end(), "word") == names.end())
      throw Error(ErrorKind::usage, fmt::format("pattern '{}' has no {{word}}", pattern));
    expression = std::regex(text);
  }

  std::optional<Recording> match(const fs::path& file, const std::string& name) const {
    std::smatch found;
    if (!std::regex_match(name, found, expression)) return std::nullopt;
    Recording recording{.file = file};
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string part = found[i + 1].str();
      if (names[i] == "word") recording.word = part;
      if (names[i] == "speaker") recording.speaker = part;
      if (names[i] == "index") recording.index = number_in(part);
    }
    return recording;
  }
};

std::vector<Recording> by_pattern(const RecordingsOptions& options, std::vector<std::string>& notices) {
  const NamePattern pattern(options.pattern);
  std::vector<Recording> all;
  std::string example;
  int64_t others = 0;
  std::error_code error, ignored;
  const auto follow = fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator at(options.folder, follow, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().lexically_relative(options.folder).generic_string();
    if (at->is_directory(ignored) || at->path().filename().string().starts_with('.')) continue;
    if (auto recording = pattern.match(at->path(), name))
      all.push_back(std::move(*recording));
    else if (others++ == 0)
      example = name;
  }
  if (error) throw Error(fmt::format("cannot read the folder '{}': {}", options.folder, error.message()));
  if (all.empty())
    throw Error(ErrorKind::usage, example.empty() ? fmt::format("there are no recordings in '{}'", options.folder)
                                                  : fmt::format("no file in '{}' is named like '{}'; there is '{}'",
                                                                options.folder, options.pattern, example));
  if (others > 0)
    notices.push_back(fmt::format("{} files in '{}' are not named like '{}' and are not read: '{}' first", others,
                                  options.folder, options.pattern, example));
  return all;
}

/// The fields of one line, without the blanks around them: a comma, a quote or a doubled quote inside double quotes
/// stands for itself.
std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"')
        fields.back() += line[i++];
      else
        quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else if (line[i] != '\r') {
      fields.back() += line[i];
    }
  }
  for (std::string& field : fields) {
    field.erase(0, std::min(field.find_first_not_of(" \t"), field.size()));
    field.erase(field.find_last_not_of(" \t") + 1);
  }
  return fields;
}

std::vector<Recording> by_csv(const RecordingsOptions& options, bool& says_split) {
  std::istringstream lines(read_file(options.csv));
  std::string line;
  std::getline(lines, line);
  if (const std::string mark = "\xEF\xBB\xBF"; line.starts_with(mark))
    line.erase(0, mark.size());  // as spreadsheets write it
  const std::vector<std::string> header = csv_fields(line);
  const auto column = [&](const std::string& name) -> size_t {
    return static_cast<size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  const std::vector<std::string> known = {kFileColumn, kWordColumn, kSpeakerColumn, kSplitColumn};
  for (const std::string& name : header)
    if (std::find(known.begin(), known.end(), name) == known.end()) {  // others' columns may stand there too
      constexpr int kSlip = 2;
      if (std::any_of(known.begin(), known.end(),
                      [&](const std::string& meant) { return edit_distance(name, meant) <= kSlip; }))
        throw Error(ErrorKind::usage,
                    fmt::format("'{}': unknown column '{}'{}", options.csv, name, suggestion(name, known)));
    } else if (std::count(header.begin(), header.end(), name) > 1) {
      throw Error(ErrorKind::usage, fmt::format("'{}': the first line has two columns '{}'", options.csv, name));
    }
  for (const char* name : {kFileColumn, kWordColumn})
    if (column(name) == header.size())
      throw Error(ErrorKind::usage,
                  fmt::format("'{}': the first line has no column '{}'; expected file,word and perhaps speaker,split",
                              options.csv, name));
  std::vector<Recording> all;
  std::set<fs::path> seen;
  for (int64_t number = 2; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::vector<std::string> fields = csv_fields(line);
    const auto refuse = [&](const std::string& why) {
      throw Error(ErrorKind::usage, fmt::format("'{}', line {}: {}", options.csv, number, why));
    };
    if (fields.size() != header.size())
      refuse(fmt::format("{} fields, where the first line has {}", fields.size(), header.size()));
    const auto value = [&](const char* name) {
      return column(name) < fields.size() ? fields[column(name)] : std::string();
    };
    Recording recording{.file = fs::path(options.folder) / value(kFileColumn),
                        .word = value(kWordColumn),
                        .speaker = value(kSpeakerColumn)};
    const std::string split = value(kSplitColumn);
    if (value(kFileColumn).empty()) refuse("no file");
    if (recording.word.empty()) refuse("no word");
    if (!split.empty() && split != "train" && split != "test")
      refuse(fmt::format("split '{}'; expected train or test", split));
    if (!fs::is_regular_file(recording.file)) refuse(fmt::format("there is no file '{}'", recording.file.string()));
    recording.test = split == "test";
    says_split |= !split.empty();
    if (!seen.insert(fs::canonical(recording.file)).second)
      refuse(fmt::format("'{}' is listed twice", recording.file.string()));
    all.push_back(std::move(recording));
  }
  if (all.empty()) throw Error(ErrorKind::usage, fmt::format("'{}' lists no recordings", options.csv));
  return all;
}

/// Words and speakers become names in files and reports.
void check_names(const std::vector<Recording>& all) {
  for (const Recording& recording : all) {
    for (const std::string& name : {recording.word, recording.speaker})
      if (!is_unicode(name))
        throw Error(ErrorKind::usage,
                    fmt::format("'{}': its word or speaker is not written in UTF-8", recording.file.string()));
    if (recording.word == kSilence)
      throw Error(ErrorKind::usage,
                  fmt::format("'{}': the word '{}' has the name of what is between words; call it otherwise",
                              recording.file.string(), kSilence));
  }
}

void divide_by_speaker(std::vector<Recording>& all, const std::string& held_out) {
  std::set<std::string> speakers;
  for (Recording& recording : all) {
    speakers.insert(recording.speaker);
    recording.test = recording.speaker == held_out;
  }
  const std::vector<std::string> names(speakers.begin(), speakers.end());
  if (!speakers.contains(held_out))
    throw Error(ErrorKind::usage, fmt::format("there is no speaker '{}'{}", held_out, suggestion(held_out, names)));
  if (speakers.size() == 1)
    throw Error(ErrorKind::usage, fmt::format("'{}' is the only speaker and cannot be held out", held_out));
}

/// The lowest hashes of the names of each word.
void divide_by_hash(std::vector<Recording>& all, double part, const std::string& folder) {
  std::map<std::string, std::vector<std::pair<std::string, Recording*>>> of_word;
  for (Recording& recording : all)
    of_word[recording.word].emplace_back(
        Hasher().add(recording.file.lexically_relative(folder).generic_string()).fingerprint(), &recording);
  for (auto& [word, recordings] : of_word) {
    std::sort(recordings.begin(), recordings.end());
    const auto size = static_cast<int64_t>(recordings.size());
    const int64_t count = std::min(size - 1, std::max<int64_t>(1, std::llround(part * static_cast<double>(size))));
    for (int64_t i = 0; i < count; ++i) recordings[static_cast<size_t>(i)].second->test = true;
  }
}

void check_splits(const std::vector<Recording>& all) {
  std::set<std::string> train, test;
  for (const Recording& recording : all) (recording.test ? test : train).insert(recording.word);
  if (test.empty() || train.empty())
    throw Error(ErrorKind::usage,
                fmt::format("all recordings are in the {} split", test.empty() ? "training" : "test"));
  for (const std::string& word : test)
    if (!train.contains(word))
      throw Error(ErrorKind::usage, fmt::format("'{}' is said in test recordings, but never in training ones", word));
  if (train.size() == 1)
    throw Error(ErrorKind::usage, fmt::format("'{}' is the only word; expected at least two", *train.begin()));
}

}  // namespace

void RecordingsOptions::bind(Fields& fields) {
  fields.text("folder", folder, "folder of the recordings, as it is or below the data folder");
  fields.text("pattern", pattern,
              "how files below the folder are named; of {word}, {speaker}, {index} and {any}, {word} must be there");
  fields.file("csv", csv, Presence::optional,
              "file with the columns file, word and perhaps speaker and split, instead of a pattern");
  fields.text("held_out", held_out, "the speaker whose recordings are the test split; empty: no speaker is held out");
  fields.integer("test_below", test_below, at_least(0),
                 "recordings with a smaller index are the test split; 0: the index does not matter");
  fields.number("holdout", holdout, {.low = 0, .high = 1, .low_open = true, .high_open = true},
                "part of each word that becomes the test split if nothing else chooses it");
}

std::vector<Recording> list_recordings(const RecordingsOptions& options, std::vector<std::string>& notices) {
  bool says_split = false;
  std::vector<Recording> all = options.csv.empty() ? by_pattern(options, notices) : by_csv(options, says_split);
  check_names(all);
  std::sort(all.begin(), all.end(), [](const Recording& a, const Recording& b) { return a.file < b.file; });
  if (!options.held_out.empty())
    divide_by_speaker(all, options.held_out);
  else if (!says_split && options.test_below > 0)
    for (Recording& recording : all) recording.test = recording.index >= 0 && recording.index < options.test_below;
  else if (!says_split)
    divide_by_hash(all, options.holdout, options.folder);
  check_splits(all);
  return all;
}

}  // namespace limbeck

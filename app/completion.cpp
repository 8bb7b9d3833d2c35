#include "app/completion.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <string_view>

#include "core/error.h"

namespace limbeck {
namespace {

// What follows `_limbeck_describe`, which the program writes: it sets `commands`, `options`, `arguments` and `values`
// of the command named. A kind of value, as in values[--out]: "nothing", "words a b", "file", "named_file", "folder",
// "recipe", "command"; with "+" before it where further values may follow.
constexpr const char* kBash = R"bash(
# _limbeck_files KIND VALUE BEFORE: adds files that VALUE begins, and folders on the way, BEFORE written before each.
_limbeck_files() {
  local kind=$1 value=$2 before=$3 name other=()
  paths=1
  while IFS= read -r name; do
    case $name in
      '~'/*) [[ ! -d $HOME/${name:2} ]] || name+=/ ;;
      *) [[ ! -d $name ]] || name+=/ ;;
    esac
    case $kind:$name in
      file:* | *:*/ | recipe:*.yaml | recipe:*.yml) offers+=("$before$name") ;;
      recipe:*) other+=("$before$name") ;;
    esac
  done < <(compgen -f -- "$value")
  # A recipe may have another name.
  ((${#offers[@]})) || offers=(${other[@]+"${other[@]}"})
}

# _limbeck_offer KIND VALUE BEFORE: adds what VALUE begins, BEFORE written before each.
_limbeck_offer() {
  local kind=${1#+} value=$2 before=$3 word
  case $kind in
    'words '*) for word in ${kind#words }; do [[ $word != "$value"* ]] || offers+=("$before$word"); done ;;
    named_file) [[ $value != *=* ]] || _limbeck_files file "${value#*=}" "$before${value%%=*}=" ;;
    file | folder | recipe) _limbeck_files "$kind" "$value" "$before" ;;
    command)
      local -a commands options arguments
      local -A values
      _limbeck_describe "limbeck${given[*]+ ${given[*]}}"
      for word in ${commands[@]+"${commands[@]}"}; do [[ $word != "$value"* ]] || offers+=("$word"); done
      ;;
  esac
}

_limbeck() {
  local IFS=$' \t\n'
  local -a words=() commands options arguments given=() offers=()
  local -A values

  # The words before the cursor. Bash breaks them at '=' and ':' too; those that touch each other are one.
  local rest=${COMP_LINE:0:COMP_POINT} gap word i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    gap=${rest%%[![:space:]]*}
    rest=${rest#"$gap"}
    word=${COMP_WORDS[i]-}
    ((i < COMP_CWORD)) || word=$rest
    rest=${rest#"$word"}
    if [[ -n $gap || $i -eq 0 ]]; then words+=("$word"); else words[-1]+=$word; fi
  done
  local typed=${words[-1]}
  unset 'words[-1]'

  # The word at the cursor without its quotes, and how much of it the line editor takes for another word.
  local current='' quote='' char taken=0
  for ((i = 0; i < ${#typed}; i++)); do
    char=${typed:i:1}
    if [[ $char == \\ && $quote != \' ]]; then
      i=$((i + 1))
      current+=${typed:i:1}
    elif [[ -n $quote && $char == "$quote" ]]; then
      quote=''
    elif [[ -z $quote && $char == [\"\'] ]]; then
      quote=$char
      taken=${#current}
    else
      current+=$char
      [[ -n $quote || ${COMP_WORDBREAKS-} != *"$char"* ]] || taken=${#current}
    fi
  done

  # The command at hand, and what is expected at the cursor.
  local path=limbeck expected='' list='' plain='' place=0
  _limbeck_describe "$path"
  for word in "${words[@]:1}"; do
    if [[ -n $expected ]]; then
      expected=''
    elif [[ $word == *[\<\>] ]]; then
      expected=file
    elif [[ -z $plain && $word == -- ]]; then
      plain=1
    elif [[ -z $plain && $word == -?* ]]; then
      list=${values[${word%%=*}]-}
      [[ $word == *=* ]] || expected=$list
      [[ $list == +* ]] || list=''
    elif [[ " ${commands[*]-} " == *" $word "* ]]; then
      path+=" $word"
      _limbeck_describe "$path"
    elif [[ -z $list ]]; then
      given+=("$word")
      place=$((place + 1))
    fi
  done

  local paths='' before='' name
  if [[ -n $expected ]]; then
    _limbeck_offer "$expected" "$current" ''
  elif [[ -z $plain && $current == --*=* ]]; then
    before=${current%%=*}=
    _limbeck_offer "${values[${current%%=*}]-}" "${current#*=}" "$before"
  elif [[ -z $plain && $current == -* ]]; then
    _limbeck_offer "words ${options[*]}" "$current" ''
  else
    local kind=${arguments[place]-}
    [[ $place -eq 0 || -n $kind || ${arguments[*]-} != *+* ]] || kind=${arguments[-1]}
    [[ -z $list ]] || _limbeck_offer "$list" "$current" ''
    [[ $list == "+${kind#+}" ]] || _limbeck_offer "$kind" "$current" ''
    _limbeck_offer "words ${commands[*]-}" "$current" ''
    # Where nothing else can come, an option can.
    [[ -n $current || -n $list || -n $kind || -n ${commands[*]-} ]] || _limbeck_offer "words ${options[*]}" '' ''
  fi

  COMPREPLY=()
  for word in ${offers[@]+"${offers[@]}"}; do
    if [[ -n $paths ]] && ((taken == ${#before})); then
      word=${word%/}  # the line editor writes the '/' behind a folder, and quotes the name
    elif [[ -n $paths ]] && ((taken < ${#before})); then
      printf -v name %q "${word:${#before}}"  # it would quote the '=' of the option too
      word=$before$name
    fi
    COMPREPLY+=("${word:taken}")
  done
  [[ -z $paths ]] || ((taken < ${#before})) || compopt -o filenames 2>/dev/null
  [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != */ ]] || compopt -o nospace 2>/dev/null
  return 0
}

complete -F _limbeck limbeck
)bash";

constexpr const char* kZsh = R"zsh(
_limbeck_named_file() {
  if compset -P 1 '*='; then
    _files
  else
    _message NAME=FILE
  fi
}

# In a folder of $fpath the file is the function's body at its first call; where it is sourced nothing is completed yet.
if [[ $funcstack[1] == _limbeck ]]; then
  _limbeck "$@"
else
  compdef _limbeck limbeck
fi
)zsh";

/// As one word of a shell.
std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// With a backslash before each of these characters.
std::string escaped(std::string_view text, std::string_view characters) {
  std::string result;
  for (const char c : text) {
    if (characters.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

/// Values are words of a shell as they stand; another one would need quotes that each shell has its own way with.
void check_words(const OptionDescription& option) {
  for (const std::string& word : option.words)
    if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") !=
        std::string::npos)
      throw Error(fmt::format("{}: value '{}' cannot be completed; expected letters, digits, '_', '-' and '.'",
                              option.names.front(), word));
}

std::string bash_kind(const OptionDescription& option, bool further) {
  const std::string plus = further ? "+" : "";
  switch (option.offer) {
    case Offer::words:
      check_words(option);
      return plus + "words " + joined(option.words);
    case Offer::file:
      return plus + "file";
    case Offer::named_file:
      return plus + "named_file";
    case Offer::folder:
      return plus + "folder";
    case Offer::recipe:
      return plus + "recipe";
    case Offer::command:
      return plus + "command";
    case Offer::nothing:
      break;
  }
  return plus + "nothing";
}

std::string bash_description(const CommandDescription& command) {
  std::vector<std::string> options, arguments, values, commands;
  for (const auto* list : {&command.options, &command.inherited})
    for (const OptionDescription& option : *list)
      for (const std::string& name : option.names) {
        options.push_back(name);
        if (!option.value.empty())
          values.push_back(fmt::format("[{}]={}", name, shell_quoted(bash_kind(option, option.takes_list))));
      }
  for (const OptionDescription& argument : command.arguments)
    arguments.push_back(shell_quoted(bash_kind(argument, argument.repeats)));
  for (const CommandDescription& inner : command.commands) commands.push_back(inner.word());

  std::string text = fmt::format("    {})\n", shell_quoted(command.name));
  if (!commands.empty()) text += fmt::format("      commands=({})\n", joined(commands));
  text += fmt::format("      options=({})\n", joined(options));
  if (!values.empty()) text += fmt::format("      values=({})\n", joined(values));
  if (!arguments.empty()) text += fmt::format("      arguments=({})\n", joined(arguments));
  text += "      ;;\n";
  for (const CommandDescription& inner : command.commands) text += bash_description(inner);
  return text;
}

/// "limbeck data fetch" as part of a function's name: "_limbeck_data_fetch".
std::string zsh_function(const CommandDescription& command) {
  std::string name = "_" + command.name;
  for (char& c : name)
    if (c == ' ' || c == '-') c = '_';
  return name;
}

std::string zsh_action(const OptionDescription& option) {
  switch (option.offer) {
    case Offer::words:
      check_words(option);
      return "(" + joined(option.words) + ")";
    case Offer::file:
      return "_files";
    case Offer::named_file:
      return "_limbeck_named_file";
    case Offer::folder:
      return "_files -/";
    case Offer::recipe:
      return "_files -g \"*.(yaml|yml)(-.)\"";
    case Offer::command:
      return "_limbeck_topics";
    case Offer::nothing:
      break;
  }
  return " ";  // shows what is expected
}

/// What _arguments of zsh takes for one name of an option: '(-q --quiet)-q[print errors only]'.
std::string zsh_option(const OptionDescription& option, const std::string& name) {
  std::string text;
  if (option.ends)
    text = "(- *)";
  else if (option.repeats)
    text = "*";
  else if (option.names.size() > 1)
    text = "(" + joined(option.names) + ")";
  text += name;
  if (!option.value.empty()) text += name.starts_with("--") ? "=" : "+";
  text += "[" + escaped(option.meaning, "\\[]") + "]";
  if (!option.value.empty()) text += ":" + escaped(option.value, "\\:") + ":" + zsh_action(option);
  return shell_quoted(text);
}

std::string zsh_argument(const OptionDescription& argument) {
  std::string place = argument.repeats ? "*:" : argument.required ? ":" : "::";
  if (argument.offer == Offer::command) place = "*::";  // _limbeck_topics is to see the arguments before it alone
  return shell_quoted(place + escaped(argument.names.front(), "\\:") + ":" + zsh_action(argument));
}

/// The function that offers the commands within one.
std::string zsh_commands(const CommandDescription& command) {
  std::string text = fmt::format("\n{}_commands() {{\n  local -a commands\n  commands=(\n", zsh_function(command));
  for (const CommandDescription& inner : command.commands)
    text += fmt::format("    {}\n", shell_quoted(escaped(inner.word(), "\\:") + ":" + inner.meaning));
  return text + "  )\n  _describe -t commands command commands\n}\n";
}

std::string zsh_functions(const CommandDescription& command) {
  std::string text = fmt::format("\n{}() {{\n", zsh_function(command));
  const bool inner = !command.commands.empty();
  if (inner) text += "  local curcontext=$curcontext state state_descr line ret=1\n  typeset -A opt_args\n";
  text += fmt::format("  _arguments {}-s -S \\\n", inner ? "-C " : "");
  std::vector<std::string> specifications;
  for (const auto* list : {&command.options, &command.inherited})
    for (const OptionDescription& option : *list)
      for (const std::string& name : option.names) specifications.push_back(zsh_option(option, name));
  for (const OptionDescription& argument : command.arguments) specifications.push_back(zsh_argument(argument));
  if (inner) {
    specifications.push_back(shell_quoted(fmt::format("(-): :{}_commands", zsh_function(command))));
    specifications.push_back(shell_quoted("(-)*:: :->inner"));
  }
  text += fmt::format("    {}", fmt::join(specifications, " \\\n    "));
  if (!inner) return text + "\n}\n";
  text += " && ret=0\n  if [[ $state == inner ]]; then\n";
  text += "    curcontext=\"${curcontext%:*}-$line[1]:\"\n    case $line[1] in\n";
  for (const CommandDescription& within : command.commands)
    text += fmt::format("      {}) {} && ret=0 ;;\n", within.word(), zsh_function(within));
  text += "    esac\n  fi\n  return ret\n}\n" + zsh_commands(command);
  for (const CommandDescription& within : command.commands) text += zsh_functions(within);
  return text;
}

/// The cases of `_limbeck_topics`, by the words before the cursor.
std::string zsh_topics(const CommandDescription& command) {
  if (command.commands.empty()) return "";
  const size_t space = command.name.find(' ');
  const std::string before = space == std::string::npos ? "" : command.name.substr(space + 1);
  std::string text = fmt::format("    {}) {}_commands ;;\n", shell_quoted(before), zsh_function(command));
  for (const CommandDescription& within : command.commands) text += zsh_topics(within);
  return text;
}

}  // namespace

std::string bash_completion(const CommandDescription& program) {
  return "# Completion of limbeck by bash: what `limbeck completion bash` prints.\n\n"
         "_limbeck_describe() {\n  commands=() options=() arguments=() values=()\n  case $1 in\n" +
         bash_description(program) + "  esac\n}\n" + kBash;
}

std::string zsh_completion(const CommandDescription& program) {
  return "#compdef limbeck\n# Completion of limbeck by zsh: what `limbeck completion zsh` prints.\n" +
         zsh_functions(program) +
         "\n# Commands as arguments of a command.\n_limbeck_topics() {\n  case \"${(j: :)words[1,CURRENT-1]}\" in\n" +
         zsh_topics(program) + "    *) _message 'no more arguments' ;;\n  esac\n}\n" + kZsh;
}

}  // namespace limbeck

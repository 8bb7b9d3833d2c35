#include "app/command_tree.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace limbeck {
namespace {

constexpr std::string_view kSuchAs = "such as ";

/// "a" and "b" of "{a,b}", also where each stands for another value: "{a->0,b->1}".
std::vector<std::string> words_within(std::string_view braces) {
  std::vector<std::string> words;
  for (size_t begin = 1; begin < braces.size();) {
    const size_t end = std::min(braces.find_first_of(",}", begin), braces.size());
    const std::string_view entry = braces.substr(begin, end - begin);
    words.emplace_back(entry.substr(0, entry.find("->")));
    begin = end + 1;
  }
  return words;
}

/// Reads what a check says of itself: "{a,b}", "value in {a->0,b->1} OR {0,1}", "INT in [1 - 9]", "such as {a,b}".
void read_check(std::string_view check, OptionDescription& option) {
  const size_t open = check.find('{'), bracket = check.find(" in [");
  if (open != std::string_view::npos) {
    option.words = words_within(check.substr(open, check.find('}') + 1 - open));
    option.only_words = !check.starts_with(kSuchAs);
    option.offer = Offer::words;
  } else if (bracket != std::string_view::npos) {
    std::string_view range = check.substr(bracket + 5);
    range = range.substr(0, range.find(']'));
    const size_t middle = range.find(" - ");
    if (middle == std::string_view::npos) return;
    option.least = range.substr(0, middle);
    option.most = range.substr(middle + 3);
  }
}

Offer offer_for(const std::string& type) {
  static const std::map<std::string, Offer> kOffers = {
      {"FILE", Offer::file},  {"PATH", Offer::file},     {"MODEL", Offer::file},     {"NAME=FILE", Offer::named_file},
      {"DIR", Offer::folder}, {"RECIPE", Offer::recipe}, {"COMMAND", Offer::command}};
  const auto found = kOffers.find(type);
  return found == kOffers.end() ? Offer::nothing : found->second;
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  if (names.empty()) names.push_back(option.get_name(/*positional=*/true));
  return names;
}

std::vector<std::string> sorted_names(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options) names.push_back(option->get_name());
  std::sort(names.begin(), names.end());
  return names;
}

/// "1,4,16" of "[1,4,16]", as it would be typed.
std::string typed(const std::string& standard) {
  return standard.starts_with("[") ? standard.substr(1, standard.size() - 2) : standard;
}

OptionDescription describe_option(const CLI::Option& option) {
  OptionDescription told;
  told.names = names_of(option);
  told.meaning = option.get_description();
  told.group = option.get_group();
  told.required = option.get_required();
  told.needs = sorted_names(option.get_needs());
  told.excludes = sorted_names(option.get_excludes());
  if (option.get_items_expected_max() == 0) return told;
  const std::string type = option.get_type_name();  // "INT:INT in [1 - 9]"
  const size_t colon = std::min(type.find(':'), type.size());
  told.value = type.substr(0, colon);
  told.standard = typed(option.get_default_str());
  told.offer = offer_for(told.value);
  if (colon < type.size()) read_check(std::string_view(type).substr(colon + 1), told);
  const std::string& shown = option.get_option_text();  // "NAME=auto", in place of all that
  if (!shown.empty()) {
    const size_t equals = std::min(shown.find('='), shown.size());
    told.value = shown.substr(0, equals);
    told.standard = shown.substr(std::min(equals + 1, shown.size()));
    told.least = told.most = "";
  }
  told.repeats = option.get_expected_max() > 1;
  const bool unlimited = option.get_expected_max() >= CLI::detail::expected_max_vector_size;
  told.takes_list = told.repeats && (!unlimited || option.get_allow_extra_args());
  return told;
}

bool is_shown(const CLI::Option& option) {
  return !option.get_group().empty();
}

}  // namespace

CommandDescription describe(const CLI::App& command) {
  const CLI::App* outer = command.get_parent();
  CommandDescription told;
  told.name = name_of(command);
  told.meaning = command.get_description();
  told.footer = outer != nullptr && command.get_footer() == outer->get_footer() ? "" : command.get_footer();
  for (const CLI::Option* option : command.get_options()) {
    if (!is_shown(*option)) continue;
    OptionDescription described = describe_option(*option);
    described.ends = option == command.get_help_ptr() || option == command.get_version_ptr();
    (option->nonpositional() ? told.options : told.arguments).push_back(std::move(described));
  }
  if (outer != nullptr && outer->get_parent() != nullptr && command.get_fallthrough())
    for (const CLI::Option* option : outer->get_options())
      if (is_shown(*option) && option->nonpositional() && option != outer->get_help_ptr())
        told.inherited.push_back(describe_option(*option));
  for (const CLI::App* inner : command.get_subcommands({})) told.commands.push_back(describe(*inner));
  return told;
}

std::string name_of(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : name_of(*command.get_parent()) + " " + command.get_name();
}

std::vector<std::string> command_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* inner : command.get_subcommands({})) names.push_back(inner->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option :
       command.get_options([](const CLI::Option* it) { return it->nonpositional() && is_shown(*it); }))
    for (const std::string& name : names_of(*option)) names.push_back(name);
  return names;
}

CLI::Validator such_as(const std::vector<std::string>& words) {
  return CLI::Validator([](std::string&) { return std::string(); },
                        std::string(kSuchAs) + "{" + CLI::detail::join(words) + "}");
}

}  // namespace limbeck

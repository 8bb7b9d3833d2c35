#include "app/help.h"

#include <fmt/core.h>

#include <algorithm>

#include "app/command_tree.h"
#include "app/output.h"
#include "core/error.h"
#include "core/nearest.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

class WrappedFormatter : public CLI::Formatter {
 public:
  explicit WrappedFormatter(size_t width) : width_(width) {}

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return entry(make_option_name(option, is_positional) + make_option_opts(option), make_option_desc(option));
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return entry(command->get_name(), command->get_description());
  }
  std::string make_description(const CLI::App* command) const override {
    return wrap(command->get_description(), width_) + "\n";
  }
  std::string make_usage(const CLI::App* command, std::string name) const override {
    return wrap(CLI::Formatter::make_usage(command, std::move(name)), width_, 7) + "\n";
  }
  std::string make_footer(const CLI::App* command) const override {
    const std::string footer = command->get_footer();
    return footer.empty() ? "" : wrap(footer, width_) + "\n";
  }

 private:
  /// A name, and beside it or under it what it means.
  std::string entry(const std::string& name, const std::string& meaning) const {
    constexpr size_t kNames = 26;
    const size_t column = width_ < 60 ? 6 : kNames;
    std::string head = "  " + name;
    if (meaning.empty()) return head + "\n";
    if (head.size() + 2 > column)
      head += "\n" + std::string(column, ' ');
    else
      head.resize(column, ' ');
    const size_t room = width_ > column ? width_ - column : 1;
    std::string text = wrap(meaning, room);
    for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + column + 1))
      text.insert(at + 1, column, ' ');
    return head + text + "\n";
  }

  size_t width_;
};

/// The innermost command that was given.
const CLI::App& given_command(const CLI::App& program) {
  const std::vector<const CLI::App*> given =
      program.get_subcommands([](const CLI::App* command) { return command->parsed(); });
  return given.empty() ? program : given_command(*given.front());
}

/// "; did you mean 'run'?", or where to look; a list of all names would be too long.
std::string nearest(const std::string& found, const std::vector<std::string>& names, const std::string& command) {
  const std::string meant = suggestion(found, names);
  return meant.find("did you mean") != std::string::npos ? meant : fmt::format("; `{} --help` shows all", command);
}

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter(size_t width) {
  constexpr size_t kUsual = 80, kMost = 120;
  return std::make_shared<WrappedFormatter>(width == Terminal::kUnlimited ? kUsual : std::min(width, kMost));
}

std::string parse_mistake(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App& command = given_command(program);
  const std::string name = name_of(command);
  std::vector<std::string> unknown = program.remaining(/*recurse=*/true);
  const auto option = std::find_if(unknown.begin(), unknown.end(),
                                   [](const std::string& word) { return word.starts_with("-") && word.size() > 1; });
  const std::vector<std::string> commands = command_names(command);
  const auto word =
      std::find_if(unknown.begin(), unknown.end(), [](const std::string& it) { return !it.starts_with("-"); });
  if (!commands.empty() && word != unknown.end())
    return fmt::format("there is no command '{}'{}", name == "limbeck" ? *word : name.substr(8) + " " + *word,
                       nearest(*word, commands, name));
  if (option != unknown.end()) {
    const std::string flag = option->substr(0, option->find('='));
    return fmt::format("`{}` has no option '{}'{}", name, flag, nearest(flag, option_names(command), name));
  }
  if (word != unknown.end())
    return fmt::format("`{}` does not expect '{}'; `{} --help` shows what it takes", name, *word, name);
  if (!commands.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
    return fmt::format("expected a command: {}", quoted_list(commands));
  return fmt::format("{} (`{} --help`)", error.what(), name);
}

std::string help_on(const CLI::App& program, const std::vector<std::string>& names) {
  const CLI::App* command = &program;
  for (const std::string& name : names) {
    const std::vector<const CLI::App*> inner =
        command->get_subcommands([&](const CLI::App* it) { return it->get_name() == name; });
    if (inner.empty())
      throw Error(ErrorKind::usage, fmt::format("there is no command '{}'{}", name,
                                                nearest(name, command_names(*command), name_of(*command))));
    command = inner.front();
  }
  return command->get_formatter()->make_help(command, name_of(*command), CLI::AppFormatMode::Normal);
}

}  // namespace limbeck

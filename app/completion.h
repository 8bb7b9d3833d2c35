#pragma once
// Scripts by which a shell completes the command line, made of what the program says of its options. They hold all that
// they offer: the program is not started to complete a word.
#include <string>

#include "app/command_tree.h"

namespace limbeck {

/// For bash 4.4 and later; needs nothing of the package bash-completion.
std::string bash_completion(const CommandDescription& program);
/// For zsh, to be sourced or to stand in a folder of $fpath as _limbeck.
std::string zsh_completion(const CommandDescription& program);

}  // namespace limbeck

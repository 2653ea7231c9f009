#pragma once

#include <map>
#include <optional>
#include <string>

namespace cued::config {

enum class command { serve, migrate, show_config, doctor };

/// What was typed: the command, and settings given as flags (by upper-case name), which win over all other sources.
struct command_line {
  command what = command::serve;
  std::map<std::string, std::string> flags;
};

/// Nothing where the words ask for help or the version (printed), or are wrong (explained on standard error);
/// `exit_code` then says which.
[[nodiscard]] std::optional<command_line> read_command_line(int argc, char** argv, const std::string& version,
                                                            int& exit_code);

} // namespace cued::config

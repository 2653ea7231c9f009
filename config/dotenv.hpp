#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cued::config {

struct dotenv_file {
  std::vector<std::pair<std::string, std::string>> values; ///< in order; of a repeated name the last one counts
  std::vector<int> lines_not_understood;                   ///< counted from 1; skipped, as the reference does
};

/// A line whose value is longer, once its variables are expanded, counts as not understood.
inline constexpr std::size_t dotenv_value_bytes_max = std::size_t{16} * 1024;

/// Reads the text of a `.env` file. Rules (spec/config.md §1):
///   `NAME=value`, `export NAME=value`; a name without `=` is ignored; `#` begins a comment at the start of a line, and
///   after a value where a blank stands before it;
///   unquoted: trimmed, `${VAR}` expanded; "double": escapes decoded, expanded, may span lines; 'single': as it stands.
/// `${VAR}` is what the file said before, else what `environment` says, else the text of `${VAR:-text}`, else nothing.
[[nodiscard]] dotenv_file
parse_dotenv(std::string_view text, const std::function<std::optional<std::string>(const std::string&)>& environment);

} // namespace cued::config

#include <algorithm>

#include "config/dotenv.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: the text of a `.env` file.
namespace {

using cued::config::dotenv_file;
using cued::config::parse_dotenv;
using cued::fuzz::require;
using cued::fuzz::require_equal;

using cued::config::dotenv_value_bytes_max;
/// Beyond, an input is one that doubles itself; there is nothing to learn from writing it out.
constexpr std::size_t bytes_written_max = 64 * 1024;

std::optional<std::string> environment(const std::string& name) {
  return name == "HOME" ? std::optional<std::string>{"/root"} : std::nullopt;
}

/// The values in the one notation that takes any text as it stands, as far as it can.
std::string single_quoted(const dotenv_file& file) {
  std::string out;
  for (const auto& [name, value] : file.values) {
    if (name.find_first_of("'\\\0") != std::string::npos || value.find('\0') != std::string::npos)
      continue;
    out += "'" + name + "'='";
    for (const char c : value) {
      if (c == '\'' || c == '\\')
        out += '\\';
      out += c;
    }
    out += "'\n";
  }
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto file = parse_dotenv(text, environment);
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  std::size_t bytes = 0;
  for (const auto& [name, value] : file.values) {
    bytes += name.size() + value.size();
    require(!name.empty(), "every variable has a name");
    require(value.size() <= dotenv_value_bytes_max, "no value outgrows its limit");
  }
  require(std::is_sorted(file.lines_not_understood.begin(), file.lines_not_understood.end()),
          "lines are told in order");
  for (const int line : file.lines_not_understood)
    require(line >= 1 && line <= lines, "a line that is told of exists");

  if (text.find('\0') != std::string_view::npos || bytes > bytes_written_max)
    return 0;
  const auto again = parse_dotenv(single_quoted(file), environment);
  require(again.lines_not_understood.empty(), "single quotes take any value");
  auto expected = file.values;
  std::erase_if(expected, [](const auto& entry) { return entry.first.find_first_of("'\\") != std::string::npos; });
  require(again.values == expected, "single quotes keep any value as it is");
  return 0;
}

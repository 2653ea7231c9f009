#include <cmath>

#include "config/setting_table.hpp"
#include "config/value_reader.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: the text of an environment variable; every setting of the table has to cope with it.
namespace {

using namespace cued::config;
using cued::fuzz::require;
using cued::fuzz::require_equal;

constexpr std::size_t secret_shown_max = 24; ///< `(set, 4096 characters)`

void check_table(const std::string& text) {
  for (const auto& row : setting_table()) {
    settings before;
    if (assign(row, before, text))
      continue; // refused with a reason
    const auto written = text_of(row, before);
    settings again;
    require(!assign(row, again, written), "a setting takes its own text");
    require_equal(text_of(row, again), written, "a setting's own text says the same");
    const auto shown = shown_text_of(row, before);
    if (row.shown == secrecy::secret && !written.empty())
      require(shown.starts_with("(set, ") && shown.ends_with(" characters)") && shown.size() <= secret_shown_max,
              "secrets are not shown");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  if (const auto number = read_integer(text)) {
    require(read_integer(std::to_string(*number)) == number, "an integer reads its own text");
    if (text.find('_') == std::string::npos)
      require(read_number(text) == static_cast<double>(*number), "an integer is a number");
  }
  if (const auto number = read_number(text))
    require(std::isfinite(*number), "numbers are finite");
  for (const auto& member : read_list(text)) {
    require(!member.empty() && member.find(',') == std::string::npos, "a list has members without commas");
    require(read_list(member) == std::vector<std::string>{member}, "members are trimmed");
  }
  require_equal(upper_case(upper_case(text)), upper_case(text), "upper case is as upper as it gets");
  require(read_boolean(text) == read_boolean(upper_case(text)), "booleans are read in any case");
  require(!is_web_origin(text) || is_web_url(text), "an origin is a URL");
  check_table(text);
  return 0;
}

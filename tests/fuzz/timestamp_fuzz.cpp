#include <ctime>

#include "domain/json/number.hpp"
#include "domain/timestamp.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a moment as a client writes it.
namespace {

using cued::fuzz::require;
using cued::fuzz::require_equal;

const cued::instant first{std::chrono::sys_days{std::chrono::year{1} / 1 / 1}};
const cued::instant end{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};

void check_printed(const cued::timestamp& t) {
  require(t.at >= first && t.at < end, "moments are those of the years 1 to 9999");
  const auto in_utc = cued::parse_timestamp(cued::format_z(t.at));
  require(in_utc && in_utc->at == t.at && in_utc->offset == std::chrono::minutes{0},
          "a moment is printed and read back");
  if (!t.offset)
    return;
  require(std::chrono::abs(*t.offset) < std::chrono::hours{24}, "an offset is less than a day");
  const auto here = cued::parse_timestamp(cued::format_offset(t.at, *t.offset));
  require(here && here->at == t.at && here->offset == t.offset, "so it is with the offset that was written");
}

/// `YYYY-MM-DDTHH:MM:SSZ`, by the C library; its leniency is caught by printing what it read.
void compare_with_c_library(std::string_view text) {
  if (text.size() != 20 || text.find('\0') != std::string_view::npos || text.starts_with("0000"))
    return;
  std::tm parts{};
  const std::string terminated{text};
  const char* stop = strptime(terminated.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (stop == nullptr || *stop != '\0')
    return;
  const auto seconds = timegm(&parts);
  std::tm normal{};
  gmtime_r(&seconds, &normal);
  std::array<char, 64> printed{};
  if (std::string_view{printed.data(), strftime(printed.data(), printed.size(), "%Y-%m-%dT%H:%M:%SZ", &normal)} != text)
    return;
  const auto ours = cued::parse_timestamp(text);
  require(ours && ours->at == cued::instant{std::chrono::seconds{seconds}}, "RFC 3339 means what others take it for");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto found = cued::parse_timestamp(text);
  if (found)
    check_printed(*found);
  else
    require(!found.error().empty(), "a refusal has a text");
  compare_with_c_library(text);

  if (cued::json::is_number(text)) {
    const auto number = cued::parse_timestamp_number(text);
    if (number)
      check_printed(*number);
    if (number && found)
      require(number->at == found->at, "a number means the same as text and as JSON number");
  }
  return 0;
}

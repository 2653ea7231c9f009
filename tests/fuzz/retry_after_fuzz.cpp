#include <ctime>

#include <iomanip>
#include <limits>
#include <sstream>

#include "http/client/retry_after.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a receiver's Retry-After, its Date, and our own Unix time.
namespace {

using namespace cued::http::client;
using cued::instant;
using cued::fuzz::require;

/// The preferred form of RFC 9110 §5.6.7, by the C library.
std::string printed(instant at) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

constexpr std::int64_t first_second = -62'135'596'800;         // year 1
constexpr std::int64_t seconds_of_all_years = 315'537'897'600; // up to year 9999

instant moment(std::int64_t number) {
  const auto within = static_cast<std::int64_t>(static_cast<std::uint64_t>(number) % seconds_of_all_years);
  return instant{std::chrono::seconds{first_second + within}};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cued::fuzz::input in{data, size};
  const auto value = in.line(), date = in.line();
  const auto now = moment(in.number());
  const auto wait = read_retry_after(value, date, now);
  require(!wait || *wait >= 0, "nobody waits backwards");
  require(!read_http_date(value, now) || wait, "a date is a time to wait for");

  if (const auto at = read_http_date(value, now)) {
    const auto year = static_cast<int>(std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(*at)}.year());
    if (year >= 1000)
      require(read_http_date(printed(*at), now) == *at, "a date that is printed is read back");
  }
  // Any moment of years with four digits, as others print it.
  const auto other = moment(static_cast<std::int64_t>(value.size()) * 86'399 + now.time_since_epoch().count() / 3);
  if (other >= instant{std::chrono::sys_days{std::chrono::year{1000} / 1 / 1}}) {
    require(read_http_date(printed(other), now) == other, "the date that others print is the one that is read");
    const auto seconds = read_retry_after(printed(other), printed(other), now);
    require(seconds == 0, "a wait counts from the date of the answer");
  }
  return 0;
}

#include <algorithm>

#include "domain/time_zone.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a name of a time zone, then a Unix time in seconds.
namespace {

using cued::fuzz::require;
using cued::fuzz::require_equal;
using kind = cued::local_time_instants::kind;

std::string in_lower_case(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return out;
}

constexpr std::int64_t first_second = -62'135'596'800;         // year 1
constexpr std::int64_t seconds_of_all_years = 315'537'897'600; // up to year 9999

void check_clock(const cued::time_zone& zone, cued::instant at) {
  const auto local = zone.to_local(at);
  require(std::chrono::abs(local.offset) <= std::chrono::hours{26}, "no clock is more than a day off");
  const auto back = zone.to_instants(local.time);
  require(back.what != kind::skipped, "what a clock shows exists");
  require(back.earlier == at || back.later == at, "what a clock shows stands for the instant at which it shows it");
  require(back.earlier <= back.later, "the first pass comes first");
  require((back.what == kind::repeated) == (back.earlier != back.later),
          "only what is repeated stands for two instants");
}

/// Any local time, also one that never comes.
void check_local(const cued::time_zone& zone, cued::local_time local) {
  const auto found = zone.to_instants(local);
  if (found.what == kind::skipped) {
    require(zone.to_local(found.transition).time == found.transition_to, "a gap ends where the clock goes on");
    require(found.transition_from <= local && local < found.transition_to, "what is skipped lies in the gap");
  } else {
    require(zone.to_local(found.earlier).time == local && zone.to_local(found.later).time == local,
            "the clock shows that time at that instant");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cued::fuzz::input in{data, size};
  const auto name = in.line();
  const auto found = cued::find_time_zone(name);
  if (!found) {
    require(found.error().code == "invalid_timezone", "what is no zone is the client's mistake");
    return 0;
  }
  require(name.find("..") == std::string_view::npos && !name.starts_with('/'), "a zone is no path");
  if (name.find('_') == std::string_view::npos)
    require_equal(in_lower_case(found->name()), in_lower_case(name), "a zone is found by its name, in any case");
  const auto again = cued::find_time_zone(in_lower_case(name));
  require(again && again->name() == found->name(), "letter case does not matter");

  const auto seconds =
      first_second + static_cast<std::int64_t>(static_cast<std::uint64_t>(in.number()) % seconds_of_all_years);
  check_clock(*found, cued::instant{std::chrono::seconds{seconds}});
  check_local(*found, cued::local_time{std::chrono::seconds{seconds}});
  return 0;
}

#include <algorithm>
#include <array>
#include <sstream>

#include "domain/cron.hpp"
#include "tests/fuzz/cron_oracle.hpp"
#include "tests/fuzz/fuzz.hpp"

// Input: a cron expression, a time zone, a Unix time in seconds, the seed of random fields.
namespace {

using namespace cued;
using fuzz::require;

constexpr std::int64_t first_second = -2'208'988'800;        // 1900
constexpr std::int64_t seconds_of_all_years = 7'258'118'400; // up to 2130
constexpr int steps_by_hand = 2'000;
constexpr int instants_walked = 5;

/// Fields of plain items, and nothing else in the text, mean what they mean everywhere.
void compare_with_plain_reading(std::string_view text, const result<cron_expression>& found) {
  std::istringstream words{std::string{text}};
  std::vector<std::string> fields;
  for (std::string word; words >> word;)
    fields.push_back(word);
  if (fields.size() != 5 || text.size() > cron_length_limit)
    return;
  constexpr std::array<std::pair<int, int>, 5> ranges{{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}}};
  std::array<std::uint64_t, 5> values{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto read = fuzz::plain_values(fields[i], ranges[i].first, ranges[i].second);
    if (!read)
      return;
    values[i] = *read;
  }
  require(found.has_value(), "plain expressions are accepted");
  const std::array<std::uint64_t, 5> ours{found->minutes, found->hours, found->days_of_month, found->months,
                                          found->days_of_week};
  require(ours == values, "plain fields are the sets that are written");
}

void check_parsed(std::string_view text, const cron_expression& e, std::uint64_t seed) {
  require(text.size() <= cron_length_limit, "an expression fits into its column");
  require(e.minutes != 0 && e.minutes >> 60 == 0 && e.seconds != 0 && e.seconds >> 60 == 0, "minutes and seconds");
  require(e.hours != 0 && e.hours >> 24 == 0, "hours");
  require(e.months != 0 && e.months >> 13 == 0 && (e.months & 1) == 0, "months");
  require(e.days_of_month >> 32 == 0 && (e.days_of_month & 1) == 0, "days of the month");
  require(e.days_of_month != 0 || e.last_day_of_month || e.nearest_weekday_to != 0, "some day of the month");
  require(e.days_of_week != 0 && e.days_of_week >> 7 == 0, "days of the week");
  require(e.every_year || e.years.any(), "some year");
  require(parse_cron(text, seed) == e, "the same seed draws the same values");
  std::string shouted{text};
  std::transform(shouted.begin(), shouted.end(), shouted.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
  require(parse_cron(shouted, seed) == e, "letter case does not matter");
}

/// Step by step through the local times of UTC, where the clock is never changed.
void compare_with_stepping(const cron_expression& e, instant after) {
  static const auto utc = *find_time_zone("UTC");
  const auto found = next_instant(e, utc, after, overlap::once);
  require(found == next_instant(e, utc, after, overlap::both), "where clocks are not changed, both policies are one");
  const auto step = e.to_the_second ? std::chrono::seconds{1} : std::chrono::seconds{60};
  auto t = std::chrono::floor<std::chrono::seconds>(utc.to_local(after).time);
  if (!e.to_the_second)
    t = std::chrono::floor<std::chrono::minutes>(t);
  for (int i = 0; i < steps_by_hand; ++i) {
    t += step;
    const instant at{t.time_since_epoch()};
    if (found == at) {
      require(fuzz::names(e, t), "the expression names the instant at which it fires");
      return;
    }
    // An expression whose day of month never comes does not fire at all (domain/cron.hpp).
    require(!found || !fuzz::names(e, t), "no instant that the expression names is left out");
  }
  require(!found || (*found > instant{t.time_since_epoch()} && fuzz::names(e, utc.to_local(*found).time)),
          "the expression names the instant at which it fires, however far away");
}

/// Returns what comes next.
std::optional<instant> check_search(const cron_expression& e, const time_zone& zone, instant after, overlap policy) {
  const auto next = next_instant(e, zone, after, policy);
  if (!next)
    return next;
  require(*next > after, "time goes on");
  require(*next - after <= std::chrono::years{cron_search_years + 2}, "nobody waits for longer than the search looks");
  const auto local = zone.to_local(*next).time;
  if (!fuzz::names(e, local)) {
    // Then it stands for a time that the clock skips, and the clock was changed a short time before.
    const auto before = zone.offset(*next - std::chrono::hours{25});
    require(zone.offset(*next) != before, "only a skipped time fires at a time that the expression does not name");
    require(!e.every_hour || policy == overlap::both, "an expression for every hour leaves out what is skipped");
    return next; // the times of a gap collapse into its first fire, and who asks after its end has missed them all
  }
  if (policy == overlap::both)
    return next;
  // The instants of `once` are one set: whoever asks later, but before the next, gets the same.
  for (const int part : {2, 3, 1000}) {
    const auto later = after + (*next - after) / part;
    require(next_instant(e, zone, later, policy) == next, "the next instant is the same until it comes");
  }
  require(next_instant(e, zone, *next - std::chrono::microseconds{1}, policy) == next, "up to its last microsecond");
  return next;
}

void check_walk(const cron_expression& e, const time_zone& zone, instant after, overlap policy) {
  std::optional<instant> at = after;
  for (int i = 0; at && i < instants_walked; ++i)
    at = check_search(e, zone, *at, policy);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  const auto text = in.line();
  const auto zone = find_time_zone(in.line());
  const auto offset = static_cast<std::int64_t>(static_cast<std::uint64_t>(in.number()) % seconds_of_all_years);
  const instant after{std::chrono::seconds{first_second + offset}};
  const auto seed = static_cast<std::uint64_t>(in.number());

  const auto found = parse_cron(text, seed);
  compare_with_plain_reading(text, found);
  if (!found) {
    require(found.error().status == 400 && found.error().code == "invalid_schedule",
            "a refusal is the client's mistake");
    return 0;
  }
  check_parsed(text, *found, seed);
  compare_with_stepping(*found, after);
  if (zone) {
    check_walk(*found, *zone, after, overlap::once);
    check_walk(*found, *zone, after, overlap::both);
  }
  return 0;
}

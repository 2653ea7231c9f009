#include "domain/schedule_preview.hpp"

#include <algorithm>
#include <cstdio>

#include "domain/cron_calendar.hpp"

namespace cued {
namespace {

using cron::day_rule;
using kind = local_time_instants::kind;

std::string time_text(local_time t) {
  const auto midnight = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::hh_mm_ss clock{t - midnight};
  char text[16];
  if (clock.seconds().count() == 0)
    std::snprintf(text, sizeof text, "%02d:%02d", int(clock.hours().count()), int(clock.minutes().count()));
  else
    std::snprintf(text, sizeof text, "%02d:%02d:%02d", int(clock.hours().count()), int(clock.minutes().count()),
                  int(clock.seconds().count()));
  return text;
}

std::string date_text(local_time t) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(t)};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", int(date.year()), unsigned(date.month()), unsigned(date.day()));
  return text;
}

/// The first local time after `after` that the expression names, whatever the zone says about it.
std::optional<local_time> next_named(const cron_expression& expression, local_time after) {
  const auto year_last = cron::year_of(after) + cron_search_years;
  if (!expression.days_are_alternatives())
    return cron::next_local(expression, day_rule::both, after, year_last);
  const auto by_date = cron::next_local(expression, day_rule::day_of_month, after, year_last);
  const auto by_weekday = cron::next_local(expression, day_rule::day_of_week, after, year_last);
  if (by_date && by_weekday)
    return std::min(*by_date, *by_weekday);
  return by_date ? by_date : by_weekday;
}

std::string twice_text(local_time t, bool first_pass, bool both_passes) {
  auto text = time_text(t) + " comes twice on " + date_text(t) + ", when the clock is set back; this is the " +
              (first_pass ? "first" : "second") + " time";
  if (!both_passes)
    text += ", and the only run";
  return text;
}

std::string missing_text(local_time missing, const local_time_instants& gap) {
  return time_text(missing) + " does not exist on " + date_text(missing) + ", when the clock goes from " +
         time_text(gap.transition_from) + " to " + time_text(gap.transition_to);
}

/// What became of the first missing time between two runs, told with the run that follows it.
std::string gap_note(const cron_expression& expression, local_time missing, const local_time_instants& gap,
                     local_time runs_at) {
  const auto why = missing_text(missing, gap);
  const bool is_named = next_named(expression, runs_at - std::chrono::seconds{1}) == runs_at;
  if (!is_named)
    return why + "; this run takes its place";
  if (expression.every_hour)
    return why + "; that run is left out";
  return why + "; this run stands for both";
}

std::optional<std::string> note_of(const cron_expression& expression, const time_zone& zone, instant previous,
                                   instant at, overlap policy) {
  const auto local = zone.to_local(at).time;
  if (const auto instants = zone.to_instants(local); instants.what == kind::repeated)
    return twice_text(local, at < instants.transition, expression.every_hour || policy == overlap::both);
  // Between two runs there is no other named time but those that do not exist.
  const auto named = next_named(expression, zone.to_local(previous).time);
  if (!named || *named >= local)
    return std::nullopt;
  const auto instants = zone.to_instants(*named);
  if (instants.what != kind::skipped)
    return std::nullopt;
  return gap_note(expression, *named, instants, local);
}

previewed_run run_at(const time_zone& zone, instant at, std::optional<std::string> note) {
  return {at, std::chrono::floor<std::chrono::minutes>(zone.offset(at)), std::move(note)};
}

} // namespace

result<std::vector<previewed_run>> preview_schedule(const schedule& stored, std::uint64_t seed, instant after,
                                                    int count, overlap policy) {
  const auto zone = find_time_zone(stored.timezone);
  if (!zone)
    return fail(zone.error());
  std::vector<previewed_run> runs;
  if (stored.type == schedule_type::once) {
    if (stored.at && *stored.at > after)
      runs.push_back(run_at(*zone, *stored.at, std::nullopt));
    return runs;
  }
  const auto expression = parse_cron(stored.cron.value_or(""), seed);
  if (!expression)
    return fail(expression.error());
  for (auto previous = after; std::ssize(runs) < count;) {
    const auto next = next_instant(*expression, *zone, previous, policy);
    if (!next)
      break;
    runs.push_back(run_at(*zone, *next, note_of(*expression, *zone, previous, *next, policy)));
    previous = *next;
  }
  return runs;
}

} // namespace cued

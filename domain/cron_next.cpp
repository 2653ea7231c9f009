#include <algorithm>

#include "domain/cron.hpp"
#include "domain/cron_calendar.hpp"

namespace cued {

namespace {

using cron::day_rule;
using kind = local_time_instants::kind;

constexpr std::chrono::seconds one_second{1};

/// One search: an expression, one way to read its day fields, a zone and an end.
class search {
public:
  search(const cron_expression& expression, day_rule rule, const time_zone& zone, instant after)
      : expression_{expression}, rule_{rule}, zone_{zone}, after_{after}, start_{zone.to_local(after)},
        year_last_{cron::year_of(start_.time) + cron_search_years} {}

  [[nodiscard]] std::optional<instant> first_occurrence() const;
  [[nodiscard]] std::optional<instant> elapsed_time() const;
  [[nodiscard]] std::optional<instant> by_offset() const;

private:
  [[nodiscard]] std::optional<local_time> next_local(local_time after) const {
    return cron::next_local(expression_, rule_, after, year_last_);
  }

  /// The first match at or after `from`.
  [[nodiscard]] std::optional<local_time> match_from(local_time from) const { return next_local(from - one_second); }

  struct attachment {
    instant at;
    bool exists;
    local_time gap_end; ///< where it does not exist
  };
  [[nodiscard]] attachment attach(local_time t) const;

  const cron_expression& expression_;
  day_rule rule_;
  const time_zone& zone_;
  instant after_;
  time_zone::local_reading start_;
  int year_last_;
};

/// A missing local time is moved by whole minutes to the end of its gap: it keeps its seconds.
instant end_of_gap(local_time missing, const local_time_instants& gap) {
  const local_time moved = missing + std::chrono::ceil<std::chrono::minutes>(gap.transition_to - missing);
  return gap.transition + (moved - gap.transition_to);
}

/// Fixed times under overlap::once: local times in their order, each at its first instant.
std::optional<instant> search::first_occurrence() const {
  auto t = next_local(start_.time);
  while (t) {
    const auto instants = zone_.to_instants(*t);
    const instant at = instants.what == kind::skipped ? end_of_gap(*t, instants) : instants.earlier;
    if (at > after_)
      return at;
    // The search began in the second pass: all of the overlap has had its turn.
    t = instants.what == kind::repeated ? match_from(instants.transition_from) : next_local(*t);
  }
  return std::nullopt;
}

/// Every hour under overlap::once: the instants whose local time matches, whatever the clock does.
std::optional<instant> search::elapsed_time() const {
  auto t = next_local(start_.time);
  const auto now = zone_.to_instants(start_.time);
  const bool in_first_pass = now.what == kind::repeated && after_ < now.transition;
  if (in_first_pass && (!t || *t >= now.transition_from)) // nothing is left of the first pass
    t = match_from(now.transition_to);
  while (t) {
    const auto found = attach(*t);
    if (found.exists)
      return found.at;
    t = match_from(found.gap_end);
  }
  return std::nullopt;
}

search::attachment search::attach(local_time t) const {
  const auto instants = zone_.to_instants(t);
  if (instants.what == kind::skipped)
    return {end_of_gap(t, instants), false, instants.transition_to};
  return {instants.earlier > after_ ? instants.earlier : instants.later, true, t};
}

/// overlap::both: the four steps of spec/cues.md §7.4.
std::optional<instant> search::by_offset() const {
  const auto t = next_local(start_.time);
  if (!t)
    return std::nullopt;
  auto found = attach(*t);
  if (!found.exists && (found.at <= after_ || expression_.every_hour)) {
    while (!found.exists) {
      const auto later = match_from(found.gap_end);
      if (!later)
        return std::nullopt;
      found = attach(*later);
    }
  }
  const auto shift = zone_.offset(found.at) - start_.offset;
  if (shift == std::chrono::seconds{0})
    return found.at;
  const auto shifted = next_local(start_.time + shift);
  if (!shifted)
    return found.at;
  const instant other = attach(*shifted).at;
  return other > after_ ? std::min(other, found.at) : found.at;
}

std::optional<instant> next_by(const cron_expression& expression, day_rule rule, const time_zone& zone, instant after,
                               overlap policy) {
  const search s{expression, rule, zone, after};
  if (policy == overlap::both)
    return s.by_offset();
  return expression.every_hour ? s.elapsed_time() : s.first_occurrence();
}

} // namespace

std::optional<instant> next_instant(const cron_expression& expression, const time_zone& zone, instant after,
                                    overlap policy) {
  if (!expression.days_are_alternatives())
    return next_by(expression, day_rule::both, zone, after, policy);
  if (!cron::day_of_month_comes(expression))
    return std::nullopt;
  const auto by_date = next_by(expression, day_rule::day_of_month, zone, after, policy);
  const auto by_weekday = next_by(expression, day_rule::day_of_week, zone, after, policy);
  if (by_date && by_weekday)
    return std::min(*by_date, *by_weekday);
  return by_date ? by_date : by_weekday;
}

} // namespace cued

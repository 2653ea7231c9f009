#pragma once

#include <optional>

#include "domain/cron.hpp"

/// Which local times a cron expression names, without any zone. Used by next_instant() only. Source: spec/cues.md §7.3.
namespace cued::cron {

/// Which of the two day fields a day must satisfy.
enum class day_rule { both, day_of_month, day_of_week };

/// The first local time after `after` that matches, on a whole minute, or a whole second where the expression has a
/// field for them. Nothing where there is none up to the end of `year_last`.
/// Skips by year, month, day, hour, minute, never step by step: a search over fifty years looks at 600 months.
[[nodiscard]] std::optional<local_time> next_local(const cron_expression& expression, day_rule rule, local_time after,
                                                   int year_last);

/// False where no month of the expression ever has the days of its day-of-month field (31 in February).
[[nodiscard]] bool day_of_month_comes(const cron_expression& expression);

[[nodiscard]] int year_of(local_time t);

} // namespace cued::cron

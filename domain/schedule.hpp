#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "domain/cron.hpp"
#include "domain/error.hpp"
#include "domain/instant.hpp"

/// When a cue fires. Pure: whoever asks hands in the present. Source: spec/cues.md §3.1, §3.2.
namespace cued {

enum class schedule_type { once, recurring };

[[nodiscard]] std::string_view to_string(schedule_type type);
[[nodiscard]] std::optional<schedule_type> to_schedule_type(std::string_view text);

/// As it is stored: texts in the client's spelling.
struct schedule {
  schedule_type type = schedule_type::once;
  std::optional<std::string> cron; ///< a one-time cue keeps one that was sent with it, unread
  std::optional<instant> at;       ///< only of type once
  std::string timezone = "UTC";

  bool operator==(const schedule&) const = default;
};

/// As a client asks for it, after the checks of types.
struct schedule_request {
  std::string type;
  std::optional<std::string> cron;
  std::optional<instant> at;
  std::string timezone = "UTC";
};

struct planned_schedule {
  cued::schedule schedule;
  instant next_run;
};

/// Decides the random fields of the cue's cron expression. Stable across versions and machines (FNV-1a).
[[nodiscard]] std::uint64_t cron_seed(std::string_view cue_id);

/// Checks a request and finds its first run after `now`. Errors, the first that applies: 422 `invalid_timezone`;
/// 400 `invalid_schedule` for an unknown type, a cron expression that is missing, refused, too long or never fires
/// within cron_search_years, a moment that is missing or not in the future.
[[nodiscard]] result<planned_schedule> plan_schedule(const schedule_request& request, std::uint64_t seed, instant now,
                                                     overlap policy);

/// The first run after `after` of a stored schedule; nothing where there is none: a one-time cue whose moment has
/// come, a recurring one past its last year. Rows written by others may hold anything: an unreadable zone or
/// expression is an error of the same kinds as above.
[[nodiscard]] result<std::optional<instant>> next_run_after(const schedule& stored, std::uint64_t seed, instant after,
                                                            overlap policy);

/// The same as a function of `after`, for those who ask often: expression and zone are read once.
[[nodiscard]] result<std::function<std::optional<instant>(instant after)>> slots_of(const schedule& stored,
                                                                                    std::uint64_t seed, overlap policy);

} // namespace cued

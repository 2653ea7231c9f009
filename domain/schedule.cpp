#include "domain/schedule.hpp"

#include "domain/time_zone.hpp"

namespace cued {

namespace {

tl::unexpected<error> refuse(std::string why) { return fail(400, "invalid_schedule", std::move(why)); }

/// What the column could not hold (spec/cues.md §0, §3.6); checked for one-time cues too, which keep theirs unread.
bool is_storable(const std::optional<std::string>& cron) {
  if (!cron)
    return true;
  std::size_t characters = 0;
  for (const char c : *cron)
    characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0; // continuation bytes do not count
  return characters <= cron_length_limit && cron->find('\0') == std::string::npos;
}

} // namespace

std::string_view to_string(schedule_type type) { return type == schedule_type::once ? "once" : "recurring"; }

std::optional<schedule_type> to_schedule_type(std::string_view text) {
  if (text == "once")
    return schedule_type::once;
  if (text == "recurring")
    return schedule_type::recurring;
  return std::nullopt;
}

std::uint64_t cron_seed(std::string_view cue_id) {
  constexpr std::uint64_t offset_basis = 0xcbf29ce484222325U;
  constexpr std::uint64_t prime = 0x100000001b3U;
  std::uint64_t hash = offset_basis;
  for (const char c : cue_id)
    hash = (hash ^ static_cast<unsigned char>(c)) * prime;
  return hash;
}

result<planned_schedule> plan_schedule(const schedule_request& request, std::uint64_t seed, instant now,
                                       overlap policy) {
  const auto zone = find_time_zone(request.timezone);
  if (!zone)
    return fail(zone.error());
  const auto type = to_schedule_type(request.type);
  if (!type)
    return refuse("schedule.type must be 'once' or 'recurring'");
  if (!is_storable(request.cron))
    return refuse("schedule.cron must have at most " + std::to_string(cron_length_limit) +
                  " characters, none of them U+0000");

  if (type == schedule_type::once) {
    if (!request.at)
      return refuse("schedule.at is required for a one-time schedule");
    if (*request.at <= now)
      return refuse("schedule.at must be in the future");
    return planned_schedule{{*type, request.cron, request.at, request.timezone}, *request.at};
  }

  if (!request.cron || request.cron->empty())
    return refuse("schedule.cron is required for a recurring schedule");
  const auto expression = parse_cron(*request.cron, seed);
  if (!expression)
    return fail(expression.error());
  const auto first_run = next_instant(*expression, *zone, now, policy);
  if (!first_run)
    return refuse("schedule.cron never fires within the next " + std::to_string(cron_search_years) + " years");
  return planned_schedule{{*type, request.cron, std::nullopt, request.timezone}, *first_run};
}

result<std::optional<instant>> next_run_after(const schedule& stored, std::uint64_t seed, instant after,
                                              overlap policy) {
  return slots_of(stored, seed, policy).map([after](const auto& slot_after) { return slot_after(after); });
}

result<std::function<std::optional<instant>(instant after)>> slots_of(const schedule& stored, std::uint64_t seed,
                                                                      overlap policy) {
  if (stored.type == schedule_type::once)
    return [at = stored.at](instant after) { return at && *at > after ? at : std::nullopt; };
  if (!stored.cron || stored.cron->empty())
    return refuse("the recurring schedule has no cron expression");
  const auto zone = find_time_zone(stored.timezone);
  if (!zone)
    return fail(zone.error());
  const auto expression = parse_cron(*stored.cron, seed);
  if (!expression)
    return fail(expression.error());
  return [expression = *expression, zone = *zone, policy](instant after) {
    return next_instant(expression, zone, after, policy);
  };
}

} // namespace cued

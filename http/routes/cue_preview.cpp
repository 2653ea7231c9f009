#include "domain/schedule_preview.hpp"

#include "config/settings.hpp"
#include "http/routes/cue_handlers.hpp"
#include "http/routes/cue_input.hpp"
#include "http/waiting.hpp"
#include "persistence/cues.hpp"

/// When a cue, or a schedule that is not stored yet, would run. Nothing is written. Source: spec/cues.md §6, §7.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr integer_rules how_many{.min = 1, .max = 100, .fallback = 5};

/// A cue's random fields are drawn by its id; what has no id yet has no fixed ones either.
constexpr std::uint64_t seed_of_unsaved = 0;

/// The members `timezone` and `next`, into an object that is open.
void write_runs(json::writer& w, const schedule& of, const std::vector<previewed_run>& runs) {
  w.key("timezone").string(of.timezone);
  w.key("next").begin_array();
  for (const auto& run : runs) {
    w.begin_object();
    w.key("at").string(format_z(run.at));
    w.key("local").string(format_offset(run.at, run.offset));
    w.key("note").string_or_null(run.note);
    w.end_object();
  }
  w.end_array();
}

schedule schedule_of(const persistence::cue_row& cue) {
  return {to_schedule_type(cue.schedule_type).value_or(schedule_type::recurring), cue.cron, cue.at, cue.timezone};
}

} // namespace

awaitable<result<response>> preview_cue(services& with, request& in) {
  query_reader query{in};
  const auto n = query.integer("n", how_many);
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  const auto cue = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::find_cue(link, in.caller.user_id, cue_id_in(in));
  });
  if (!cue)
    co_return fail(cue.error());

  const auto stored = schedule_of(*cue);
  const auto runs =
      cued::preview_schedule(stored, cron_seed(cue->id), with.clock.now(), static_cast<int>(n), overlap_policy(with));
  if (!runs)
    co_return fail(runs.error());
  json::writer w;
  w.begin_object();
  w.key("cue_id").string(cue->id);
  write_runs(w, stored, *runs);
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> preview_schedule(services& with, request& in) {
  body_reader body{in};
  auto schedule_reader = body.object("schedule");
  const auto wanted = read_schedule(schedule_reader);
  const auto n = body.integer("n", how_many);
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));

  const auto now = with.clock.now();
  const auto planned = plan_schedule(wanted, seed_of_unsaved, now, overlap_policy(with));
  if (!planned)
    co_return fail(planned.error());
  const auto runs =
      cued::preview_schedule(planned->schedule, seed_of_unsaved, now, static_cast<int>(n), overlap_policy(with));
  if (!runs)
    co_return fail(runs.error());
  json::writer w;
  w.begin_object();
  write_runs(w, planned->schedule, *runs);
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http

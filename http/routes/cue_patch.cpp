#include <utility>

#include "actors/engine.hpp"
#include "http/routes/cue_handlers.hpp"
#include "http/routes/cue_input.hpp"
#include "http/routes/cue_json.hpp"
#include "http/url_check.hpp"
#include "http/waiting.hpp"
#include "persistence/cue_changes.hpp"

/// `PATCH /v1/cues/{cue_id}`: null leaves a member as it is; nested objects are replaced as a whole.
/// Source: spec/cues.md §4.3, §9.
namespace cued::http {
namespace {

using boost::asio::awaitable;

struct patch_input {
  std::optional<std::string> name, description, status;
  std::optional<schedule_request> schedule;
  std::optional<callback_input> callback;
  const json::value* payload = nullptr;
  std::optional<persistence::cue_retry> retry;
  policy_input policies;
  std::optional<failure_input> on_failure;
  std::optional<std::string> verification_mode;
};

result<patch_input> read_input(const request& in) {
  body_reader body{in};
  patch_input given;
  given.name = body.optional_text("name", {.length_max = cue_name_length_max});
  given.description = body.optional_text("description");
  given.status = body.optional_choice("status", {.of = {"active", "paused"}});
  if (auto schedule = body.optional_object("schedule"))
    given.schedule = read_schedule(*schedule);
  if (auto callback = body.optional_object("callback"))
    given.callback = read_callback(*callback, misplaced_transport::ignored);
  given.payload = body.free_object("payload", null_characters::allowed);
  if (auto retry = body.optional_object("retry"))
    given.retry = read_retry(*retry);
  if (auto on_failure = body.optional_object("on_failure"))
    given.on_failure = read_failure_rules(*on_failure);
  if (auto verification = body.optional_object("verification"))
    given.verification_mode = read_verification_mode(*verification);
  given.policies = read_policies(body);
  body.refuse_unknown();
  if (auto bad = body.problems())
    return fail(std::move(*bad));
  return given;
}

/// A patch after the handler's checks: all but what the row under its lock decides.
struct judged_patch {
  persistence::cue_changes changes;
  std::optional<instant> first_run; ///< of the new schedule, if there is one
  instant now;
  std::uint64_t seed = 0;
  overlap policy = overlap::once;
};

/// The checks callback, payload, on_failure, schedule, in that order.
awaitable<result<judged_patch>> judge(services& with, const request& in, const patch_input& given,
                                      const persistence::cue_row& cue) {
  judged_patch judged;
  judged.now = with.clock.now();
  judged.seed = cron_seed(cue.id);
  judged.policy = overlap_policy(with);
  auto& changes = judged.changes;
  if (given.callback && given.callback->url) { // a worker cue's too, though it is never called: spec/security.md §1.1
    auto allowed = co_await check_url(with, *given.callback->url, in.caller.user_id);
    if (!allowed)
      co_return fail(std::move(allowed.error()));
  }
  if (given.payload) {
    auto payload = storable_payload(given.payload);
    if (!payload)
      co_return fail(std::move(payload.error()));
    changes.payload_json = std::move(*payload);
  }
  if (given.on_failure) {
    auto allowed = co_await check_failure_webhook(with, *given.on_failure, in.caller.user_id);
    if (!allowed)
      co_return fail(std::move(allowed.error()));
    changes.on_failure_json = given.on_failure->json();
  }
  if (given.schedule) {
    auto planned = plan_schedule(*given.schedule, judged.seed, judged.now, judged.policy);
    if (!planned)
      co_return fail(std::move(planned.error()));
    const auto& kept = planned->schedule;
    // A one-time schedule forgets a cron expression here, unlike at create.
    const auto cron = kept.type == schedule_type::recurring ? kept.cron : std::nullopt;
    changes.schedule = {std::string{to_string(kept.type)}, cron, kept.at, kept.timezone};
    judged.first_run = planned->next_run;
  }

  changes.name = given.name;
  changes.description = given.description;
  changes.status = given.status;
  changes.verification_mode = given.verification_mode;
  if (given.callback) {
    changes.callback_url = given.callback->url;
    changes.callback_method = given.callback->method;
    changes.callback_headers_json = given.callback->headers_json;
  }
  changes.retry = given.retry;
  changes.catch_up = given.policies.catch_up;
  changes.catch_up_window_seconds = given.policies.catch_up_window_seconds;
  changes.overlap = given.policies.overlap;
  changes.outcome_deadline_seconds = given.policies.outcome_deadline_seconds;
  co_return judged;
}

/// When a one-time cue that is made active again runs. Its moment may have come while it was paused: then it runs at
/// once, as that moment's execution. Where that execution exists, the cue has run; being made active means another
/// run, which gets an instant of its own: now. But not while the first is still under way: that one decides.
std::optional<instant> revived_run(const persistence::cue_before_change& before, instant now) {
  if (*before.cue.at > now || !before.at_has_run)
    return before.cue.at;
  return before.unfinished ? std::nullopt : std::optional{now};
}

/// The cue keeps its schedule and is made active. One without a moment or expression (written by hand) keeps its
/// next run as well.
result<void> resume(const persistence::cue_before_change& before, const judged_patch& patch,
                    persistence::cue_changes& changes) {
  const auto& cue = before.cue;
  if (cue.schedule_type == "once") {
    if (cue.at)
      changes.next_run.emplace(revived_run(before, patch.now));
    return {};
  }
  if (!cue.cron || cue.cron->empty())
    return {};
  const schedule stored{schedule_type::recurring, cue.cron, std::nullopt, cue.timezone};
  const auto next = next_run_after(stored, patch.seed, patch.now, patch.policy);
  if (!next)
    return fail(next.error());
  if (!*next)
    return fail(400, "invalid_schedule", "The schedule of this cue has no further runs; give it a new one");
  changes.next_run.emplace(*next);
  return {};
}

/// What the row decides: when the cue runs next. Only an active cue has a next run.
result<persistence::cue_changes> complete(const persistence::cue_before_change& before, const judged_patch& patch) {
  auto changes = patch.changes;
  const bool active = changes.status.value_or(before.cue.status) == "active";
  if (!active && (changes.status || changes.schedule))
    changes.next_run.emplace(std::nullopt);
  else if (active && changes.schedule)
    changes.next_run.emplace(patch.first_run);
  else if (active && changes.status)
    if (auto resumed = resume(before, patch, changes); !resumed)
      return fail(std::move(resumed.error()));
  return changes;
}

} // namespace

awaitable<result<response>> patch_cue(services& with, request& in) {
  auto given = read_input(in);
  if (!given)
    co_return fail(std::move(given.error()));
  const auto& cue_id = cue_id_in(in);
  auto cue = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::find_cue(link, in.caller.user_id, cue_id); });
  if (!cue)
    co_return fail(std::move(cue.error()));
  auto patch = co_await judge(with, in, *given, *cue);
  if (!patch)
    co_return fail(std::move(patch.error()));

  auto changed = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::change_cue(link, in.caller.user_id, cue_id, [&](const persistence::cue_before_change& before) {
      return complete(before, *patch);
    });
  });
  if (!changed)
    co_return fail(std::move(changed.error()));
  with.engine.cue_changed(cue_id);
  co_return json_response(cue_json(*changed));
}

} // namespace cued::http

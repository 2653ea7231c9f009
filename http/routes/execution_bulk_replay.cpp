#include <string>
#include <vector>

#include "actors/engine.hpp"
#include "domain/timestamp.hpp"
#include "http/routes/execution_handlers.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/bulk_replay.hpp"
#include "security/random.hpp"

/// `POST /v1/executions/replay`: many at once, by filter. One at a time: spec/executions.md §7.
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr integer_rules how_many{.min = 1, .max = 1000, .fallback = 100};

struct bulk_replay_input {
  persistence::bulk_replay_filter filter;
  std::size_t limit = 0;
  bool dry_run = false;
};

/// One status or a list of them.
std::vector<std::string> read_statuses(object_reader& body) {
  const choice_rules finished{.of = {"failed", "missed", "outcome_timeout", "success"}};
  const auto* given = body.free_value("status");
  if (!given)
    return {"failed", "missed", "outcome_timeout"};
  if (given->kind() != json::kind::array)
    return {body.choice("status", finished)};
  std::vector<std::string> statuses;
  for (auto& one : body.optional_list("status").value_or(std::vector<value_reader>{}))
    statuses.push_back(one.choice(finished));
  if (statuses.empty() && body.clean())
    body.reject("status", "List should have at least 1 item");
  return statuses;
}

std::optional<instant> moment_of(const std::optional<timestamp>& given) {
  return given ? std::optional{given->at} : std::nullopt;
}

result<bulk_replay_input> read_input(const request& in) {
  body_reader body{in};
  bulk_replay_input given;
  given.filter.user_id = in.caller.user_id;
  given.filter.cue_id = body.optional_text("cue_id");
  given.filter.statuses = read_statuses(body);
  given.filter.from = moment_of(body.optional_time("from"));
  given.filter.until = moment_of(body.optional_time("to"));
  given.filter.after = body.optional_uuid("after");
  given.limit = static_cast<std::size_t>(body.integer("limit", how_many));
  given.dry_run = body.boolean("dry_run", {.fallback = false});
  if (auto bad = body.problems())
    return fail(std::move(*bad));
  return given;
}

std::vector<std::string> new_ids(security::random_source& random, std::size_t count) {
  std::vector<std::string> ids(count);
  for (auto& id : ids)
    id = security::new_uuid(random);
  return ids;
}

response answer_of(const persistence::bulk_replay& done, bool dry_run) {
  const auto count = static_cast<std::int64_t>(done.executions.size());
  json::writer w;
  w.begin_object();
  w.key("matched").number(done.matched);
  w.key("replayed").number(dry_run ? 0 : count);
  w.key("dry_run").boolean(dry_run);
  w.key("executions").begin_array();
  for (const auto& one : done.executions) {
    w.begin_object();
    w.key("execution_id").string(one.execution_id);
    w.key("replay_id").string_or_null(one.replay_id);
    w.key("cue_id").string(one.cue_id);
    w.key("scheduled_for").string(format_z(one.scheduled_for));
    w.key("status").string(one.status);
    w.end_object();
  }
  w.end_array();
  w.key("has_more").boolean(done.matched > count);
  w.end_object();
  return json_response(std::move(w).str());
}

} // namespace

awaitable<result<response>> replay_executions(services& with, request& in) {
  const auto given = read_input(in);
  if (!given)
    co_return fail(given.error());
  const auto ids = new_ids(with.random, given->dry_run ? 0 : given->limit);
  const auto now = with.clock.now();
  const auto done = co_await on_database(with, [&](persistence::connection& link) {
    return given->dry_run ? persistence::find_replayable(link, given->filter, given->limit)
                          : persistence::replay_matching(link, given->filter, ids, now);
  });
  if (!done)
    co_return fail(done.error());
  for (const auto& one : done->executions)
    if (one.replay_id)
      with.engine.execution_created(in.caller.user_id, *one.replay_id, one.webhook, one.replay_scheduled_for);
  co_return answer_of(*done, given->dry_run);
}

} // namespace cued::http

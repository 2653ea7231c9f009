#include "persistence/executions.hpp"

#include <limits>
#include <string_view>
#include <vector>

#include "actors/engine.hpp"
#include "domain/identifiers.hpp"
#include "domain/timestamp.hpp"
#include "http/routes/execution_handlers.hpp"
#include "http/routes/execution_json.hpp"
#include "http/routes/execution_lookup.hpp"
#include "http/routes/notes.hpp"
#include "http/routes/routes.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/outbox.hpp"
#include "security/random.hpp"

namespace cued::http {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;

/// A filter; an empty one is none.
std::optional<std::string> filter_in(query_reader& query, std::string_view name) {
  auto value = query.optional_text(name);
  return value && value->empty() ? std::nullopt : value;
}

/// The items of a comma list, trimmed, without the empty ones.
std::vector<std::string> items_of(std::string_view list) {
  constexpr std::string_view blanks = " \t\r\n\f\v";
  std::vector<std::string> out;
  while (!list.empty()) {
    auto item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    item.remove_prefix(std::min(item.find_first_not_of(blanks), item.size()));
    item = item.substr(0, item.find_last_not_of(blanks) + 1);
    if (!item.empty())
      out.emplace_back(item);
  }
  return out;
}

/// `status` and `status__in`, of which one may be given. Source: spec/executions.md §3.1.
result<std::vector<std::string>> statuses_of(const std::optional<std::string>& one,
                                             const std::optional<std::string>& any_of) {
  if (one && any_of)
    return fail(400, "conflicting_filters", "Use either status or status__in, not both");
  if (one)
    return std::vector{*one};
  if (!any_of)
    return std::vector<std::string>{};
  auto items = items_of(*any_of);
  if (items.empty())
    return fail(400, "invalid_status_in", "status__in names no status");
  return items;
}

void write_page(json::writer& w, const persistence::execution_page& page, std::int64_t limit, std::int64_t offset) {
  w.begin_object().key("executions").begin_array();
  for (const auto& execution : page.executions)
    write_execution(w, execution);
  w.end_array();
  w.key("total").number(page.total);
  w.key("limit").number(limit);
  w.key("offset").number(offset);
  w.key("has_more").boolean(offset < page.total && limit < page.total - offset);
  w.key("oldest_claimed_at");
  if (page.oldest_claimed_at)
    w.string(format_offset(*page.oldest_claimed_at));
  else
    w.null();
  w.end_object();
}

constexpr route table[] = {
    route{verb::get, "/v1/executions", auth::caller, body::none, list_executions, "Lists the caller's executions"}
        .noted(notes::list_executions),
    route{verb::get, "/v1/executions/claimable", auth::caller, body::none, list_claimable,
          "Lists what the caller's workers may claim"}
        .open(opens::to_worker)
        .noted(notes::list_claimable),
    route{verb::post, "/v1/executions/claim", auth::caller, body::json, claim_next_execution,
          "Claims the oldest execution that is ready"}
        .open(opens::to_worker)
        .noted(notes::claim_next_execution),
    route{verb::post, "/v1/executions/claim-batch", auth::caller, body::json, claim_executions,
          "Claims the oldest executions that are ready, many at once"}
        .open(opens::to_worker)
        .noted(notes::claim_executions),
    route{verb::post, "/v1/executions/outcome-batch", auth::caller, body::json, report_outcomes,
          "Reports what came of many executions"}
        .open(opens::to_worker)
        .noted(notes::report_outcomes),
    route{verb::post, "/v1/executions/replay", auth::caller, body::optional_json, replay_executions,
          "Runs finished executions again, by filter and range of time"}
        .noted(notes::replay_executions),
    route{verb::get, "/v1/executions/{execution_id}", auth::caller, body::none, get_execution, "Shows one execution"}
        .open(opens::to_worker)
        .noted(notes::get_execution),
    route{verb::post, "/v1/executions/{execution_id}/claim", auth::caller, body::json, claim_execution,
          "Claims one execution"}
        .open(opens::to_worker)
        .noted(notes::claim_execution),
    route{verb::post, "/v1/executions/{execution_id}/heartbeat", auth::caller, body::none, heartbeat_execution,
          "Extends the lease on a claimed execution"}
        .open(opens::to_worker)
        .noted(notes::heartbeat_execution),
    route{verb::post, "/v1/executions/{execution_id}/outcome", auth::caller, body::json, report_outcome,
          "Reports what came of an execution, once"}
        .open(opens::to_worker)
        .noted(notes::report_outcome),
    route{verb::post, "/v1/executions/{execution_id}/replay", auth::caller, body::none, replay_execution,
          "Runs a finished execution again"}
        .noted(notes::replay_execution),
    route{verb::post, "/v1/executions/{execution_id}/verify", auth::caller, body::optional_json, verify_execution,
          "Accepts or rejects a reported outcome"}
        .noted(notes::verify_execution),
    route{verb::post, "/v1/executions/{execution_id}/verification-pending", auth::caller, body::none, park_execution,
          "Parks an outcome until it is verified"}
        .open(opens::to_worker)
        .noted(notes::park_execution),
    route{verb::patch, "/v1/executions/{execution_id}/evidence", auth::caller, body::json, add_execution_evidence,
          "Adds evidence to a recorded outcome"}
        .open(opens::to_worker)
        .noted(notes::add_execution_evidence),
    route{verb::post, "/v1/executions/{execution_id}/live-claim", auth::caller, body::json, live_claim_execution,
          "Binds an execution to a live session"}
        .open(opens::to_worker)
        .noted(notes::live_claim_execution),
};

} // namespace

std::span<const route> execution_routes() { return table; }

std::optional<std::string> execution_id_in(const request& in) { return canonical_uuid(in.path_params.at(0)); }

const std::string& execution_id_as_sent(const request& in) { return in.path_params.at(0); }

awaitable<result<response>> list_executions(services& with, request& in) {
  query_reader query{in};
  persistence::execution_filter filter;
  filter.cue_id = filter_in(query, "cue_id");
  const auto status = filter_in(query, "status");
  const auto status_in = filter_in(query, "status__in");
  filter.worker_id = filter_in(query, "worker_id");
  filter.outcome_state = filter_in(query, "outcome_state");
  const auto limit = query.integer("limit", {.min = 1, .max = 100, .fallback = 20});
  const auto offset =
      query.integer("offset", {.min = 0, .max = std::numeric_limits<std::int64_t>::max(), .fallback = 0});
  filter.triggered_by = filter_in(query, "triggered_by");
  filter.result_type = filter_in(query, "result_type");
  if (filter_in(query, "has_evidence"))
    filter.has_evidence = query.optional_boolean("has_evidence");
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  auto statuses = statuses_of(status, status_in);
  if (!statuses)
    co_return fail(std::move(statuses.error()));
  filter.statuses = std::move(*statuses);

  auto page = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::list_executions(link, in.caller.user_id, filter, static_cast<int>(limit), offset);
  });
  if (!page)
    co_return fail(std::move(page.error()));
  json::writer w;
  write_page(w, *page, limit, offset);
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> get_execution(services& with, request& in) {
  const auto id = execution_id_in(in);
  if (!id)
    co_return fail(persistence::execution_not_found());
  persistence::execution_key asked{*id, in.caller.user_id};
  auto found = co_await with.executions.find(std::move(asked));
  if (!found)
    co_return fail(std::move(found.error()));
  co_return json_response(std::move(*found));
}

/// Source: spec/executions.md §7; `execution_id` besides `id`: spec/clients.md §9.1 #6.
awaitable<result<response>> replay_execution(services& with, request& in) {
  const auto original = execution_id_in(in);
  if (!original)
    co_return fail(persistence::execution_not_found());
  const auto new_id = security::new_uuid(with.random);
  const auto now = with.clock.now();
  auto made = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::replay_execution(link, in.caller.user_id, *original, new_id, now);
  });
  if (!made)
    co_return fail(std::move(made.error()));
  with.engine.execution_created(in.caller.user_id, made->id, made->webhook, made->scheduled_for);

  json::writer w;
  w.begin_object();
  w.key("id").string(made->id);
  w.key("execution_id").string(made->id);
  w.key("cue_id").string(made->cue_id);
  w.key("scheduled_for").string(format_offset(made->scheduled_for));
  w.key("status").string("pending");
  w.key("triggered_by").string("replay");
  w.key("replayed_from").string(execution_id_as_sent(in));
  w.end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http

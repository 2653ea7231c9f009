#include "persistence/cues.hpp"

#include <limits>
#include <utility>

#include "actors/engine.hpp"
#include "http/routes/cue_handlers.hpp"
#include "http/routes/cue_json.hpp"
#include "http/routes/execution_json.hpp"
#include "http/routes/notes.hpp"
#include "http/routes/routes.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/cue_changes.hpp"
#include "persistence/executions.hpp"

namespace cued::http {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;

constexpr auto any_offset = std::numeric_limits<std::int64_t>::max();

struct cue_with_executions {
  persistence::cue_row cue;
  persistence::execution_page executions;
};

result<cue_with_executions> find_with_executions(persistence::connection& link, const std::string& user_id,
                                                 const std::string& cue_id, int limit, std::int64_t offset) {
  auto cue = persistence::find_cue(link, user_id, cue_id);
  if (!cue)
    return fail(std::move(cue.error()));
  persistence::execution_filter of_cue;
  of_cue.cue_id = cue_id;
  auto executions = persistence::list_executions(link, user_id, of_cue, limit, offset);
  if (!executions)
    return fail(std::move(executions.error()));
  return cue_with_executions{std::move(*cue), std::move(*executions)};
}

constexpr route table[] = {
    route{verb::get, "/v1/cues", auth::caller, body::none, list_cues, "Lists the caller's cues"}.noted(
        notes::list_cues),
    route{verb::post, "/v1/cues", auth::caller, body::json, create_cue, "Creates a cue"}.noted(notes::create_cue),
    route{verb::get, "/v1/cues/{cue_id}", auth::caller, body::none, get_cue, "Shows a cue and its latest executions"}
        .noted(notes::get_cue),
    route{verb::patch, "/v1/cues/{cue_id}", auth::caller, body::json, patch_cue, "Changes, pauses or resumes a cue"}
        .noted(notes::patch_cue),
    route{verb::delete_, "/v1/cues/{cue_id}", auth::caller, body::none, delete_cue,
          "Deletes a cue with all its executions"}
        .noted(notes::delete_cue),
    route{verb::post, "/v1/cues/{cue_id}/fire", auth::caller, body::optional_json, fire_cue,
          "Runs a cue now or at a given time, beside its schedule"}
        .noted(notes::fire_cue),
    route{verb::get, "/v1/cues/{cue_id}/next", auth::caller, body::none, preview_cue, "Shows when a cue will run next"}
        .noted(notes::preview_cue),
    route{verb::post, "/v1/cues/preview", auth::caller, body::json, preview_schedule,
          "Shows when a schedule would run, without storing anything"}
        .noted(notes::preview_schedule),
    route{verb::post, "/v1/cues/bulk-delete", auth::caller, body::json, bulk_delete_cues,
          "Deletes up to 100 cues with all their executions"}
        .noted(notes::bulk_delete_cues),
};

} // namespace

std::span<const route> cue_routes() { return table; }

const std::string& cue_id_in(const request& in) { return in.path_params.at(0); }

awaitable<result<response>> list_cues(services& with, request& in) {
  query_reader query{in};
  auto status = query.optional_text("status");
  const auto limit = query.integer("limit", {.min = 1, .max = 100, .fallback = 50});
  const auto offset = query.integer("offset", {.min = 0, .max = any_offset, .fallback = 0});
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  if (status && status->empty())
    status.reset();

  auto page = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::list_cues(link, in.caller.user_id, status, static_cast<int>(limit), offset);
  });
  if (!page)
    co_return fail(std::move(page.error()));
  json::writer w;
  w.begin_object().key("cues").begin_array();
  for (const auto& cue : page->cues) {
    w.begin_object();
    write_cue_members(w, cue);
    w.end_object();
  }
  w.end_array();
  w.key("total").number(page->total);
  w.key("limit").number(limit);
  w.key("offset").number(offset);
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> get_cue(services& with, request& in) {
  query_reader query{in};
  const auto limit = query.integer("execution_limit", {.min = 1, .max = 100, .fallback = 10});
  const auto offset = query.integer("execution_offset", {.min = 0, .max = any_offset, .fallback = 0});
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));

  auto found = co_await on_database(with, [&](persistence::connection& link) {
    return find_with_executions(link, in.caller.user_id, cue_id_in(in), static_cast<int>(limit), offset);
  });
  if (!found)
    co_return fail(std::move(found.error()));
  json::writer w;
  w.begin_object();
  write_cue_members(w, found->cue);
  w.key("executions").begin_array();
  for (const auto& execution : found->executions.executions)
    write_execution(w, execution);
  w.end_array();
  w.key("execution_total").number(found->executions.total);
  w.key("execution_limit").number(limit);
  w.key("execution_offset").number(offset);
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> delete_cue(services& with, request& in) {
  const auto& cue_id = cue_id_in(in);
  auto deleted = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::delete_cue(link, in.caller.user_id, cue_id); });
  if (!deleted)
    co_return fail(std::move(deleted.error()));
  with.engine.cue_changed(cue_id);
  co_return no_content();
}

} // namespace cued::http

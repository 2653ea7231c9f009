#include "persistence/workers.hpp"

#include "domain/timestamp.hpp"
#include "domain/worker_liveness.hpp"
#include "http/routes/notes.hpp"
#include "http/routes/routes.hpp"
#include "http/routes/worker_json.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"

/// The registry of workers (spec/workers.md §2 - §4).
namespace cued::http {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;

constexpr std::size_t worker_id_limit = 255;

/// A JSON array of the handlers' names; `null` when the worker named none, which wipes a stored list.
std::string handlers_text(std::optional<std::vector<value_reader>>& handlers) {
  if (!handlers)
    return "null";
  json::writer w;
  w.begin_array();
  for (auto& handler : *handlers)
    w.string(handler.text());
  w.end_array();
  return std::move(w).str();
}

awaitable<result<response>> worker_heartbeat(services& with, request& in) {
  body_reader body{in};
  const auto worker_id = body.text("worker_id", {.length_min = 1, .length_max = worker_id_limit});
  auto handlers = body.optional_list("handlers");
  const auto handlers_json = handlers_text(handlers);
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));

  const auto now = with.clock.now();
  auto stored = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::record_worker_heartbeat(link, in.caller.user_id, worker_id, handlers_json, now);
  });
  if (!stored)
    co_return fail(std::move(stored.error()));
  json::writer w;
  w.begin_object().key("acknowledged").boolean(true).key("server_time").string(format_z(*stored)).end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> list_workers(services& with, request& in) {
  auto workers = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::list_workers(link, in.caller.user_id); });
  if (!workers)
    co_return fail(std::move(workers.error()));
  co_return json_response(workers_json(*workers, with.clock.now()));
}

awaitable<result<response>> delete_worker(services& with, request& in) {
  auto deleted = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::delete_worker(link, in.caller.user_id, in.path_params.at(0));
  });
  if (!deleted)
    co_return fail(std::move(deleted.error()));
  co_return no_content();
}

constexpr route table[] = {
    route{verb::post, "/v1/worker/heartbeat", auth::caller, body::json, worker_heartbeat,
          "Tells that a worker is alive"}
        .open(opens::to_worker)
        .noted(notes::worker_heartbeat),
    route{verb::get, "/v1/workers", auth::caller, body::none, list_workers, "Lists the caller's workers"}.noted(
        notes::list_workers),
    route{verb::delete_, "/v1/workers/{worker_id...}", auth::caller, body::none, delete_worker, "Forgets a worker"}
        .noted(notes::delete_worker),
};

} // namespace

std::span<const route> worker_routes() { return table; }

} // namespace cued::http

#include "persistence/alerts.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "http/routes/alert_json.hpp"
#include "http/routes/notes.hpp"
#include "http/routes/routes.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"

/// GET /v1/alerts (spec/alerts-usage.md §4).
namespace cued::http {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;

constexpr std::array<std::string_view, 5> alert_types{"outcome_timeout", "verification_failed", "consecutive_failures",
                                                      "quota_exceeded", "worker_offline"};

bool is_alert_type(const std::string& type) {
  return std::find(alert_types.begin(), alert_types.end(), type) != alert_types.end();
}

awaitable<result<response>> list_alerts(services& with, request& in) {
  query_reader query{in};
  persistence::alert_filter filter;
  filter.alert_type = query.optional_text("alert_type");
  if (const auto since = query.optional_time("since"))
    filter.since = since->at;
  filter.limit = query.integer("limit", {.min = 1, .max = 100, .fallback = 20});
  filter.offset = query.integer("offset", {.min = 0, .max = std::numeric_limits<std::int64_t>::max(), .fallback = 0});
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  if (filter.alert_type && filter.alert_type->empty())
    filter.alert_type.reset();
  if (filter.alert_type && !is_alert_type(*filter.alert_type))
    co_return fail(400, "invalid_filter",
                   "alert_type must be outcome_timeout, verification_failed, consecutive_failures, quota_exceeded or "
                   "worker_offline");

  auto page = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::list_alerts(link, in.caller.user_id, filter); });
  if (!page)
    co_return fail(std::move(page.error()));
  co_return json_response(alerts_json(*page, filter.limit, filter.offset));
}

constexpr route table[] = {
    route{verb::get, "/v1/alerts", auth::caller, body::none, list_alerts, "Lists the caller's alerts, newest first"}
        .noted(notes::list_alerts),
};

} // namespace

std::span<const route> alert_routes() { return table; }

} // namespace cued::http

#include "domain/usage.hpp"

#include "http/middleware/rate_limit.hpp"
#include "http/routes/notes.hpp"
#include "http/routes/routes.hpp"
#include "http/routes/usage_json.hpp"
#include "http/shared_usage.hpp"
#include "http/waiting.hpp"
#include "persistence/usage.hpp"
#include "security/rate_limiter.hpp"

/// GET /v1/usage (spec/alerts-usage.md §7).
namespace cued::http {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;

/// Requests of the last minute, this one included; 0 for sessions.
awaitable<int> current_rate(services& with, const principal& caller) {
  if (caller.key_hash.empty())
    co_return 0;
  co_return co_await answer_of<int>([&](auto resume) { with.limiter.passed(rate_key_of(caller), std::move(resume)); });
}

awaitable<result<response>> show_usage(services& with, request& in) {
  const auto month = month_of(with.clock.now());
  const auto month_start = date_text(month.first);
  auto counts = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::read_usage(link, in.caller.user_id, month_start);
  });
  if (!counts)
    co_return fail(std::move(counts.error()));
  counts->executions = co_await executions_to_tell(with, in.caller.user_id, counts->executions);
  const auto rate = co_await current_rate(with, in.caller);
  co_return json_response(usage_json(in.caller, month, *counts, rate));
}

constexpr route table[] = {
    route{verb::get, "/v1/usage", auth::caller, body::none, show_usage, "Shows what the caller used of his limits"}
        .noted(notes::show_usage),
};

} // namespace

std::span<const route> usage_routes() { return table; }

} // namespace cued::http

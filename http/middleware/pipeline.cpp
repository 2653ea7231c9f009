#include "http/middleware/pipeline.hpp"

#include <exception>

#include <spdlog/spdlog.h>

#include "config/settings.hpp"
#include "http/middleware/error_envelope.hpp"
#include "http/middleware/json_body.hpp"
#include "http/middleware/rate_limit.hpp"
#include "http/middleware/scope.hpp"
#include "http/middleware/security_headers.hpp"
#include "http/middleware/verify_echo.hpp"
#include "http/server/target.hpp"
#include "http/services.hpp"
#include "security/random.hpp"

namespace cued::http {

using boost::asio::awaitable;
using steady = std::chrono::steady_clock;

namespace {

error not_found() { return {404, "http_error", "Not Found", {}, {}}; }
error method_not_allowed() { return {405, "http_error", "Method Not Allowed", {}, {}}; }

response redirect(std::string location) {
  response out;
  out.status = 307;
  out.headers.emplace_back("location", std::move(location));
  return out;
}

/// In one word; the last part of some paths is a secret.
std::string logged_path(const request& in, const route* to) {
  constexpr std::size_t characters_max = 200;
  if (to && to->pattern.find("token}") != std::string_view::npos)
    return std::string{to->pattern};
  return encode_path(in.path).substr(0, characters_max);
}

void log_escaped(const std::exception& e, const request& in, const route* to) {
  spdlog::error("unhandled exception: {}; request_id={} path={}", e.what(), in.id, logged_path(in, to));
}

/// Put together only if somebody wants to read it.
void log_answer(const request& in, const response& out, const route* to, steady::duration took) {
  const auto level = out.status >= 500 ? spdlog::level::warn : spdlog::level::debug;
  if (!spdlog::should_log(level))
    return;
  spdlog::log(level, "request answered; request_id={} path={} status={} user_id={} microseconds={}", in.id,
              logged_path(in, to), out.status, in.caller.user_id,
              std::chrono::duration_cast<std::chrono::microseconds>(took).count());
}

std::string with_query_of(std::string path, const std::string& target) {
  const auto question = target.find('?');
  return question == std::string::npos ? path : path + target.substr(question);
}

} // namespace

pipeline::pipeline(services& with)
    : with_{with}, router_{with.routes}, authentication_{with}, proxies_{with.settings.forwarded_allow_ips},
      cors_{with.settings.cors_origins}, probe_{with.metrics, with.routes}, production_{with.settings.production()} {}

/// The outermost layers: every answer has an id, and nothing that is thrown inside gets out.
awaitable<response> pipeline::answer(request& in, body_source& body) {
  const auto started = steady::now();
  in.id = security::new_uuid(with_.random);
  in.client_address = proxies_.client_of(in, in.client_address);
  auto match = router_.find(in.method, in.path);
  response out;
  try {
    out = co_await admitted(in, body, match);
  } catch (const std::exception& e) {
    log_escaped(e, in, match.to);
    out = error_response(error{});
  }
  out.headers.emplace_back("x-request-id", in.id);
  add_security_headers(out, production_);
  const auto took = steady::now() - started;
  probe_.answered(match.to, out.status, took);
  log_answer(in, out, match.to, took);
  co_return out;
}

/// Size, rate limit, and what is added to the answers that get past them.
awaitable<response> pipeline::admitted(request& in, body_source& body, router::match& match) {
  if (body.declared_too_large()) {
    const auto refused = co_await body.read(); // refuses without reading
    co_return error_response(refused.error());
  }
  if (cors::is_preflight(in))
    co_return cors_.answer_preflight(in);

  const bool limited = !is_exempt_from_rate_limit(in.path) && !(match.to && !match.to->rate_limited) &&
                       !authentication_.carries_internal_token(in);
  const bool needs_caller = match.to && match.to->who == auth::caller;
  identity caller;
  if (limited || needs_caller) {
    if (auto remembered = authentication_.identify_at_once(in))
      caller = std::move(*remembered);
    else
      caller = co_await authentication_.identify(in);
  }

  // Whose limit applies is unknown while the database is away; such requests end in 503 anyway, or need no caller.
  const bool unknowable = !caller.known() && caller.refusal.status == 503;
  std::optional<security::rate_decision> rate;
  if (limited && !unknowable) {
    auto bucket = bucket_of(in, caller);
    rate = with_.limiter.admit_at_once(bucket.key, bucket.limit);
    if (!rate)
      rate = co_await admit(with_, std::move(bucket));
  }

  response out;
  if (rate && !rate->allowed) {
    out = error_response(rate_limit_exceeded(*rate));
  } else {
    out = co_await routed(in, body, match, caller);
    if (caller.approaching_limit && rate)
      out.headers.emplace_back("x-cueapi-usage-warning", "approaching_limit");
  }
  if (rate)
    add_rate_headers(*rate, out);
  cors_.add_headers(in, out);
  co_return out;
}

/// 404, 405, 307, or what the route says; errors become envelopes here, and the body is echoed on request.
awaitable<response> pipeline::routed(request& in, body_source& body, router::match& match, const identity& caller) {
  switch (match.what) {
  case router::verdict::unknown:
    co_return error_response(not_found());
  case router::verdict::wrong_method: {
    auto out = error_response(method_not_allowed());
    out.headers.emplace_back("allow", match.allow);
    co_return out;
  }
  case router::verdict::trailing_slash:
    co_return redirect(with_query_of(match.location, in.target));
  case router::verdict::found:
    break;
  }
  in.path_params = std::move(match.params);
  auto outcome = co_await handled(in, body, *match.to, caller);
  if (!outcome)
    co_return error_response(outcome.error());
  if (wants_echo(in))
    add_echo(in, *outcome);
  co_return std::move(*outcome);
}

/// Stages 5 to 8: body and its syntax, then the caller, then the handler with its schema.
awaitable<result<response>> pipeline::handled(request& in, body_source& body, const route& to, const identity& caller) {
  if ((to.reads != body::none || wants_echo(in)) && !body.read_at_once()) {
    auto read = co_await body.read();
    if (!read)
      co_return fail(std::move(read.error()));
  }
  if (to.reads == body::json || to.reads == body::optional_json) {
    in.body_required = to.reads == body::json;
    auto parsed = parse_json_body(in);
    if (!parsed)
      co_return fail(std::move(parsed.error()));
  }
  if (to.who == auth::caller) {
    identity asked_again;
    const identity* still = &caller;
    if (!authentication_.is_confirmed(caller)) {
      asked_again = co_await authentication_.confirm(in, caller);
      still = &asked_again;
    }
    if (!still->known())
      co_return fail(still->refusal);
    if (!opens_to(to, still->who->scope))
      co_return fail(insufficient_scope(still->who->scope));
    in.caller = *still->who;
    in.called_by = still->by;
    key_uses_.note(with_, in.caller.key_id);
  }
  try {
    co_return co_await to.run(with_, in);
  } catch (const std::exception& e) {
    log_escaped(e, in, &to);
    co_return fail(error{});
  }
}

response pipeline::refusal(const error& why) {
  auto out = error_response(why);
  out.headers.emplace_back("x-request-id", security::new_uuid(with_.random));
  add_security_headers(out, production_);
  return out;
}

} // namespace cued::http

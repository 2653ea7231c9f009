#include "http/middleware/rate_limit.hpp"

#include <algorithm>
#include <array>

#include "http/middleware/client_address.hpp"
#include "http/waiting.hpp"

namespace cued::http {

using boost::asio::awaitable;

namespace {

constexpr std::array<std::string_view, 10> exempt_paths{"/health",
                                                        "/status",
                                                        "/v1/info",
                                                        "/docs",
                                                        "/openapi.json",
                                                        "/redoc",
                                                        "/v1/billing/webhook",
                                                        "/auth/device",
                                                        "/v1/auth/verify",
                                                        "/v1/internal/deploy-hook"};
constexpr std::array<std::string_view, 2> exempt_prefixes{"/v1/blog/", "/v1/internal/"};

} // namespace

bool is_exempt_from_rate_limit(std::string_view path) {
  return std::find(exempt_paths.begin(), exempt_paths.end(), path) != exempt_paths.end() ||
         std::any_of(exempt_prefixes.begin(), exempt_prefixes.end(),
                     [&](std::string_view prefix) { return path.starts_with(prefix); });
}

std::string rate_key_of(const principal& caller) {
  return "ratelimit:" + (caller.key_hash.empty() ? "user:" + caller.user_id : caller.key_hash);
}

rate_bucket bucket_of(const request& in, const identity& caller) {
  if (!caller.known())
    return {"ratelimit:ip:" + counted_address(in.client_address), requests_per_minute_of_address};
  return {rate_key_of(*caller.who), caller.who->rate_limit_per_minute};
}

awaitable<security::rate_decision> admit(services& with, rate_bucket bucket) {
  co_return co_await answer_of<security::rate_decision>([&](std::function<void(security::rate_decision)> resume) {
    with.limiter.admit(std::move(bucket.key), bucket.limit, std::move(resume));
  });
}

error rate_limit_exceeded(const security::rate_decision& refusal) {
  const auto seconds = refusal.retry_after_seconds;
  return {429,
          "rate_limit_exceeded",
          "Too many requests. Retry after " + std::to_string(seconds) + " seconds.",
          {},
          seconds};
}

void add_rate_headers(const security::rate_decision& decision, response& out) {
  out.headers.emplace_back("x-ratelimit-limit", std::to_string(decision.limit));
  out.headers.emplace_back("x-ratelimit-remaining", std::to_string(decision.remaining));
  out.headers.emplace_back("x-ratelimit-reset", std::to_string(decision.reset_unix_seconds));
}

} // namespace cued::http

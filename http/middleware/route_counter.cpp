#include "http/middleware/route_counter.hpp"

#include "http/waiting.hpp"
#include "security/digest.hpp"
#include "security/rate_limiter.hpp"

namespace cued::http {
namespace {

/// What users send becomes part of a key as it is only while it is short; anything longer is hashed.
constexpr std::size_t plain_key_limit = 254;

std::string key_of(const route_limit& limit, const std::string& whom) {
  return std::string{limit.name} + ':' + (whom.size() <= plain_key_limit ? whom : security::sha256_hex(whom));
}

} // namespace

boost::asio::awaitable<result<void>> count_call(services& with, route_limit limit, std::string whom) {
  const auto key = key_of(limit, whom);
  const auto decision = co_await answer_of<security::counter_decision>(
      [&](auto resume) { with.limiter.count(key, limit.calls, limit.window, std::move(resume)); });
  if (decision.allowed)
    co_return result<void>{};
  error refusal{429, "rate_limit_exceeded", "Too many requests", {}, decision.retry_after_seconds};
  co_return fail(std::move(refusal));
}

} // namespace cued::http

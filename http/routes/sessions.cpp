#include "config/settings.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/audited.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/device_codes.hpp"
#include "security/session_token.hpp"

/// Sessions (spec/auth.md §2.5).
namespace cued::http {
namespace {

using boost::asio::awaitable;

result<response> new_session(const services& with, const std::string& user_id, const std::string& email) {
  auto token = with.sessions.make(user_id, email, with.clock.now());
  if (!token)
    return fail(std::move(token.error()));
  json::writer w;
  w.begin_object().key("session_token").string(*token).key("email").string(email).end_object();
  return secret_response(std::move(w).str());
}

} // namespace

awaitable<result<response>> open_session(services& with, request& in) {
  body_reader body{in};
  const auto token = body.text("token");
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  // Before the token is used up, not after: without a secret it would be lost.
  if (with.settings.session_secret.empty())
    co_return fail(503, "session_unavailable", "Sessions are not configured on this server");

  const auto now = with.clock.now();
  const auto act = audited_login(in, persistence::audit_action::session_opened);
  auto owner = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::take_session_token(link, token, now, act); });
  if (!owner)
    co_return fail(std::move(owner.error()));
  co_return new_session(with, owner->user_id, owner->email);
}

awaitable<result<response>> refresh_session(services& with, request& in) {
  // A named key can be revoked and may have an end; a session can not, and would outlive both.
  if (!in.caller.key_id.empty())
    co_return fail(403, "insufficient_scope", "A named API key cannot be turned into a session");
  auto session = new_session(with, in.caller.user_id, in.caller.email);
  if (!session)
    co_return session;
  const auto act = audited(in, persistence::audit_action::session_refreshed);
  auto noted = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::record_audit(link, in.caller.user_id, act); });
  if (!noted)
    co_return fail(std::move(noted.error()));
  co_return session;
}

} // namespace cued::http

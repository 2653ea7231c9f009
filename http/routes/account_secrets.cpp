#include <spdlog/spdlog.h>

#include "actors/notify/notifier.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/validation/confirmation.hpp"
#include "http/waiting.hpp"
#include "persistence/user_secrets.hpp"
#include "security/random.hpp"

/// The secrets that sign what we send (spec/auth.md §2.4).
namespace cued::http {
namespace {

using boost::asio::awaitable;

response show(std::string_view name, const std::string& secret) {
  json::writer w;
  w.begin_object().key(name).string(secret).end_object();
  return secret_response(std::move(w).str());
}

response show_new(std::string_view name, const std::string& secret) {
  json::writer w;
  w.begin_object().key(name).string(secret).key("previous_secret_revoked").boolean(true).end_object();
  return secret_response(std::move(w).str());
}

} // namespace

awaitable<result<response>> show_webhook_secret(services& with, request& in) {
  auto secret = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::read_webhook_secret(link, in.caller.user_id); });
  if (!secret)
    co_return fail(std::move(secret.error()));
  if (secret->empty())
    co_return fail(404, "no_webhook_secret", "The account has no webhook secret; regenerate it to get one");
  co_return show("webhook_secret", *secret);
}

awaitable<result<response>> regenerate_webhook_secret(services& with, request& in) {
  if (auto confirmed = require_confirmation(in); !confirmed)
    co_return fail(std::move(confirmed.error()));
  const auto secret = security::new_webhook_secret(with.random);
  auto replaced = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::replace_webhook_secret(link, in.caller.user_id, secret);
  });
  if (!replaced)
    co_return fail(std::move(replaced.error()));
  spdlog::info("webhook secret regenerated, user {}", in.caller.user_id);
  with.letters.webhook_secret_rotated(in.caller.email, with.clock.now());
  co_return show_new("webhook_secret", secret);
}

awaitable<result<response>> show_alert_webhook_secret(services& with, request& in) {
  const auto candidate = security::new_token(with.random);
  auto secret = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::alert_webhook_secret(link, in.caller.user_id, candidate);
  });
  if (!secret)
    co_return fail(std::move(secret.error()));
  co_return show("alert_webhook_secret", *secret);
}

awaitable<result<response>> regenerate_alert_webhook_secret(services& with, request& in) {
  if (auto confirmed = require_confirmation(in); !confirmed)
    co_return fail(std::move(confirmed.error()));
  const auto secret = security::new_token(with.random);
  auto replaced = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::replace_alert_webhook_secret(link, in.caller.user_id, secret);
  });
  if (!replaced)
    co_return fail(std::move(replaced.error()));
  spdlog::info("alert webhook secret regenerated, user {}", in.caller.user_id);
  co_return show_new("alert_webhook_secret", secret);
}

} // namespace cued::http

#include <spdlog/spdlog.h>

#include "config/settings.hpp"
#include "domain/timestamp.hpp"
#include "domain/usage.hpp"
#include "http/middleware/principal_cache.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/new_account.hpp"
#include "http/routes/routes.hpp"
#include "http/shared_usage.hpp"
#include "http/url_check.hpp"
#include "http/validation/email_input.hpp"
#include "http/waiting.hpp"
#include "persistence/users.hpp"

/// Registration and the account itself (spec/auth.md §2.1 - §2.3), and the table of all account routes.
namespace cued::http {
namespace {

using boost::asio::awaitable;
using boost::beast::http::verb;

constexpr std::size_t alert_url_limit = 2048; // column users.alert_webhook_url

void write_account(json::writer& w, const persistence::account_view& account) {
  w.begin_object();
  w.key("email").string(account.email);
  w.key("plan").string(account.plan);
  w.key("active_cues").number(account.active_cues);
  w.key("active_cue_limit").number(account.active_cue_limit);
  w.key("executions_this_month").number(account.executions_this_month);
  w.key("monthly_execution_limit").number(account.monthly_execution_limit);
  w.key("rate_limit_per_minute").number(account.rate_limit_per_minute);
  w.key("has_webhook_secret").boolean(account.has_webhook_secret);
  w.key("api_key_prefix").string(account.api_key_prefix);
  w.key("slug").string_or_null(account.slug);
  w.end_object();
}

constexpr route table[] = {
    {verb::post, "/v1/auth/register", auth::none, body::json, register_account, "Makes an account and its API key"},
    {verb::get, "/v1/auth/me", auth::caller, body::none, show_account, "Shows the caller's account and limits"},
    {verb::patch, "/v1/auth/me", auth::caller, body::json, change_account,
     "Changes the caller's address or alert webhook"},
    {verb::get, "/v1/auth/key", auth::caller, body::none, show_key, "Shows the caller's API key, if it is recoverable"},
    {verb::post, "/v1/auth/key/regenerate", auth::caller, body::none, regenerate_key,
     "Replaces the caller's API key; the old one ends at once"},
    {verb::get, "/v1/auth/webhook-secret", auth::caller, body::none, show_webhook_secret,
     "Shows the secret that signs the caller's webhooks"},
    {verb::post, "/v1/auth/webhook-secret/regenerate", auth::caller, body::none, regenerate_webhook_secret,
     "Replaces the secret that signs the caller's webhooks"},
    {verb::get, "/v1/auth/alert-webhook-secret", auth::caller, body::none, show_alert_webhook_secret,
     "Shows the secret that signs the caller's alerts, making it at the first call"},
    {verb::post, "/v1/auth/alert-webhook-secret/regenerate", auth::caller, body::none, regenerate_alert_webhook_secret,
     "Replaces the secret that signs the caller's alerts"},
    {verb::post, "/v1/auth/session", auth::none, body::json, open_session,
     "Exchanges a one-time token of a device login for a session"},
    {verb::post, "/v1/auth/session/refresh", auth::caller, body::none, refresh_session,
     "Makes a new session of 24 hours"},
    {verb::post, "/v1/auth/device-code", auth::none, body::json, start_device_login, "Begins a login by e-mail"},
    {verb::post, "/v1/auth/device-code/submit-email", auth::none, body::json, submit_device_email,
     "Sends the magic link of a login"},
    {verb::post, "/v1/auth/device-code/poll", auth::none, body::json, poll_device_code,
     "Asks whether a login was approved"},
    {verb::get, "/v1/auth/verify", auth::none, body::none, follow_magic_link, "Opens the magic link of a login", false},
    {verb::post, "/v1/auth/verify", auth::none, body::none, confirm_magic_link, "Approves a login from its page",
     false},
    {verb::get, "/auth/device", auth::none, body::none, show_device_page, "The page that asks for the e-mail address",
     false},
    {verb::put, "/v1/internal/users/{user_id}", auth::none, body::json, put_internal_user,
     "Makes or changes the account of an external user", false},
};

} // namespace

std::span<const route> account_routes() { return table; }

response secret_response(std::string json_text, int status) {
  response out = json_response(std::move(json_text), status);
  out.headers.emplace_back("Cache-Control", "no-store");
  return out;
}

awaitable<result<response>> register_account(services& with, request& in) {
  body_reader body{in};
  const auto email = read_email(body, "email");
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  if (!with.settings.allow_register)
    co_return fail(404, "not_found", "Not found");

  const security::key_vault keys{with.settings.session_secret};
  auto account = make_account(email, keys, with.random, with.clock.now());
  account.row.registered_key_encrypted = account.key.encrypted;
  auto inserted = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::insert_user(link, account.row); });
  if (!inserted)
    co_return fail(std::move(inserted.error()));
  spdlog::info("account registered, user {}", account.row.id);

  json::writer w;
  w.begin_object();
  w.key("api_key").string(account.key.key);
  w.key("email").string(email);
  w.end_object();
  co_return secret_response(std::move(w).str(), 201);
}

awaitable<result<response>> show_account(services& with, request& in) {
  const auto month = date_text(month_of(with.clock.now()).first);
  auto account = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::read_account(link, in.caller.user_id, month); });
  if (!account)
    co_return fail(std::move(account.error()));
  account->executions_this_month = co_await executions_to_tell(with, in.caller.user_id, account->executions_this_month);
  json::writer w;
  write_account(w, *account);
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> change_account(services& with, request& in) {
  body_reader body{in};
  persistence::account_change change;
  change.email = read_optional_email(body, "email");
  change.alert_webhook_url = body.optional_text("alert_webhook_url", {.length_max = alert_url_limit});
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  if (!change.email && !change.alert_webhook_url)
    co_return fail(422, "no_fields", "No fields to update");
  if (change.alert_webhook_url && !change.alert_webhook_url->empty()) {
    auto checked = co_await check_url(with, *change.alert_webhook_url, in.caller.user_id);
    if (!checked) {
      if (checked.error().code == "invalid_callback_url")
        checked.error().code = "invalid_alert_webhook_url";
      co_return fail(std::move(checked.error()));
    }
  }

  auto changed = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::change_account(link, in.caller.user_id, change);
  });
  if (!changed)
    co_return fail(std::move(changed.error()));
  with.principals.forget_user(in.caller.user_id);
  json::writer w;
  w.begin_object().key("updated_at").string(format_offset(changed->updated_at)).end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http

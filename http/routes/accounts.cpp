#include <spdlog/spdlog.h>

#include "config/settings.hpp"
#include "domain/timestamp.hpp"
#include "domain/usage.hpp"
#include "http/middleware/revocation.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/audited.hpp"
#include "http/routes/new_account.hpp"
#include "http/routes/notes.hpp"
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

/// For the log. The URL is named only: part of it may be a secret of its receiver's.
std::string changes_json(const persistence::account_change& change) {
  json::writer w;
  w.begin_object();
  if (change.email)
    w.key("email").string(*change.email);
  if (change.alert_webhook_url)
    w.key("alert_webhook_url").string(change.alert_webhook_url->empty() ? "cleared" : "set");
  w.end_object();
  return std::move(w).str();
}

constexpr route table[] = {
    route{verb::post, "/v1/auth/register", auth::none, body::json, register_account, "Makes an account and its API key"}
        .noted(notes::register_account),
    route{verb::get, "/v1/auth/me", auth::caller, body::none, show_account, "Shows the caller's account and limits"}
        .open(opens::to_any_caller)
        .noted(notes::show_account),
    route{verb::patch, "/v1/auth/me", auth::caller, body::json, change_account,
          "Changes the caller's address or alert webhook"}
        .noted(notes::change_account),
    route{verb::get, "/v1/auth/key", auth::caller, body::none, show_key,
          "Shows the caller's API key, if it is recoverable"}
        .open(opens::full_only)
        .noted(notes::show_key),
    route{verb::post, "/v1/auth/key/regenerate", auth::caller, body::none, regenerate_key,
          "Replaces the caller's API key; the old one ends at once"}
        .open(opens::full_only)
        .noted(notes::regenerate_key),
    route{verb::get, "/v1/auth/webhook-secret", auth::caller, body::none, show_webhook_secret,
          "Shows the secret that signs the caller's webhooks"}
        .open(opens::full_only)
        .noted(notes::show_webhook_secret),
    route{verb::post, "/v1/auth/webhook-secret/regenerate", auth::caller, body::none, regenerate_webhook_secret,
          "Replaces the secret that signs the caller's webhooks"}
        .open(opens::full_only)
        .noted(notes::regenerate_webhook_secret),
    route{verb::get, "/v1/auth/alert-webhook-secret", auth::caller, body::none, show_alert_webhook_secret,
          "Shows the secret that signs the caller's alerts, making it at the first call"}
        .open(opens::full_only)
        .noted(notes::show_alert_webhook_secret),
    route{verb::post, "/v1/auth/alert-webhook-secret/regenerate", auth::caller, body::none,
          regenerate_alert_webhook_secret, "Replaces the secret that signs the caller's alerts"}
        .open(opens::full_only)
        .noted(notes::regenerate_alert_webhook_secret),
    route{verb::get, "/v1/auth/keys", auth::caller, body::none, list_api_keys, "Lists the account's named API keys"}
        .open(opens::full_only)
        .noted(notes::list_api_keys),
    route{verb::post, "/v1/auth/keys", auth::caller, body::json, create_api_key,
          "Makes a named API key; it is shown this once"}
        .open(opens::full_only)
        .noted(notes::create_api_key),
    route{verb::post, "/v1/auth/keys/{key_id}/rotate", auth::caller, body::none, rotate_api_key,
          "Replaces a named API key under its name; the old one ends at once"}
        .open(opens::full_only)
        .noted(notes::rotate_api_key),
    route{verb::delete_, "/v1/auth/keys/{key_id}", auth::caller, body::none, revoke_api_key,
          "Revokes a named API key at once"}
        .open(opens::full_only)
        .noted(notes::revoke_api_key),
    route{verb::get, "/v1/auth/audit-log", auth::caller, body::none, show_audit_log,
          "Lists what was done with the account's keys and secrets, newest first"}
        .open(opens::full_only)
        .noted(notes::show_audit_log),
    route{verb::post, "/v1/auth/session", auth::none, body::json, open_session,
          "Exchanges a one-time token of a device login for a session"}
        .noted(notes::open_session),
    route{verb::post, "/v1/auth/session/refresh", auth::caller, body::none, refresh_session,
          "Makes a new session of 24 hours"}
        .open(opens::full_only)
        .noted(notes::refresh_session),
    route{verb::post, "/v1/auth/device-code", auth::none, body::json, start_device_login, "Begins a login by e-mail"}
        .noted(notes::start_device_login),
    route{verb::post, "/v1/auth/device-code/submit-email", auth::none, body::json, submit_device_email,
          "Sends the magic link of a login"}
        .noted(notes::submit_device_email),
    route{verb::post, "/v1/auth/device-code/poll", auth::none, body::json, poll_device_code,
          "Asks whether a login was approved"}
        .noted(notes::poll_device_code),
    route{verb::get, "/v1/auth/verify", auth::none, body::none, follow_magic_link, "Opens the magic link of a login",
          false}
        .noted(notes::follow_magic_link),
    route{verb::post, "/v1/auth/verify", auth::none, body::raw, confirm_magic_link, "Approves a login from its page",
          false}
        .noted(notes::confirm_magic_link),
    route{verb::get, "/auth/device", auth::none, body::none, show_device_page,
          "The page that asks for the e-mail address", false}
        .noted(notes::show_device_page),
    route{verb::get, "/dashboard", auth::none, body::none, show_dashboard, "The page to which a login by e-mail leads",
          false}
        .noted(notes::show_dashboard),
    route{verb::put, "/v1/internal/users/{user_id}", auth::none, body::json, put_internal_user,
          "Makes or changes the account of an external user", false}
        .noted(notes::put_internal_user),
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
  const auto act = audited(in, persistence::audit_action::account_registered);
  auto inserted = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::insert_user(link, account.row, act); });
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

  const auto act = audited(in, persistence::audit_action::account_changed, changes_json(change));
  auto changed = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::change_account(link, in.caller.user_id, change, act);
  });
  if (!changed)
    co_return fail(std::move(changed.error()));
  co_await account_changed(with, in.caller.user_id);
  json::writer w;
  w.begin_object().key("updated_at").string(format_offset(changed->updated_at)).end_object();
  co_return json_response(std::move(w).str());
}

} // namespace cued::http

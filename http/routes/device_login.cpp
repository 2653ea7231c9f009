#include <spdlog/spdlog.h>

#include "actors/notify/notifier.hpp"
#include "config/settings.hpp"
#include "http/middleware/client_address.hpp"
#include "http/middleware/route_counter.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/audited.hpp"
#include "http/routes/device_html.hpp"
#include "http/validation/coercions.hpp"
#include "http/validation/email_input.hpp"
#include "http/waiting.hpp"
#include "persistence/device_codes.hpp"
#include "security/account_key.hpp"

/// What a program sees of the device login (spec/auth.md §3.3). Its pages are in device_pages.cpp.
namespace cued::http {
namespace {

using boost::asio::awaitable;
using namespace std::chrono_literals;

constexpr std::size_t code_length_min = 6;
constexpr std::size_t code_length_max = 128;

// Source: spec/http.md §6.4. The limit by address on polls is ours: short codes could be guessed.
constexpr route_limit starts_by_address{"auth_dc", 5, 3600s};
constexpr route_limit polls_by_code{"auth_poll", 30, 60s};
constexpr route_limit polls_by_address{"auth_poll_ip", 300, 60s};
constexpr route_limit letters_by_email{"auth_ml", 3, 3600s};
constexpr route_limit letters_by_address{"auth_ml_ip", 10, 3600s};

std::string status_json(std::string_view status) {
  json::writer w;
  w.begin_object().key("status").string(status).end_object();
  return std::move(w).str();
}

/// An approved login, told once. An account whose key cannot be shown again is `existing_user`.
std::string approved_json(const persistence::device_poll& login, const security::key_vault& keys) {
  const auto key = login.clear_key ? login.clear_key : keys.reveal(login.encrypted_key, login.key_hash);
  json::writer w;
  w.begin_object();
  w.key("status").string("approved");
  if (key)
    w.key("api_key").string(*key);
  w.key("email").string(login.email);
  if (login.session_token)
    w.key("session_token").string(*login.session_token);
  if (!key)
    w.key("existing_user").boolean(true);
  w.end_object();
  return std::move(w).str();
}

} // namespace

awaitable<result<response>> start_device_login(services& with, request& in) {
  body_reader body{in};
  const auto code = body.text("device_code");
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  const auto length = length_in_code_points(code);
  if (length < code_length_min || length > code_length_max)
    co_return fail(400, "invalid_device_code", "The device code must have 6 to 128 characters");
  if (auto counted = co_await count_call(with, starts_by_address, counted_address(in.client_address)); !counted)
    co_return fail(std::move(counted.error()));

  const auto now = with.clock.now();
  auto started = co_await on_database(
      with, [&](persistence::connection& db) { return persistence::start_device_login(db, code, now); });
  if (!started)
    co_return fail(std::move(started.error()));
  json::writer w;
  w.begin_object();
  w.key("verification_url").string(with.settings.base_url + "/auth/device?code=" + percent_encoded(code));
  w.key("expires_in").number(persistence::device_code_life.count());
  w.end_object();
  co_return json_response(std::move(w).str(), 201);
}

awaitable<result<response>> submit_device_email(services& with, request& in) {
  body_reader body{in};
  const auto code = body.text("device_code");
  const auto email = read_email(body, "email");
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  if (auto counted = co_await count_call(with, letters_by_email, email); !counted)
    co_return fail(std::move(counted.error()));
  if (auto counted = co_await count_call(with, letters_by_address, counted_address(in.client_address)); !counted)
    co_return fail(std::move(counted.error()));
  if (!with.letters.delivers_magic_links())
    co_return fail(503, "email_unavailable", "This server cannot send e-mail; log in with an API key");

  const auto token = security::new_token(with.random);
  const auto now = with.clock.now();
  auto noted = co_await on_database(
      with, [&](persistence::connection& db) { return persistence::note_device_email(db, code, email, token, now); });
  if (!noted)
    co_return fail(std::move(noted.error()));
  with.letters.magic_link(email, with.settings.base_url + "/v1/auth/verify?token=" + token +
                                     "&device_code=" + percent_encoded(code));
  co_return json_response(status_json("email_sent"));
}

awaitable<result<response>> poll_device_code(services& with, request& in) {
  body_reader body{in};
  const auto code = body.text("device_code");
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  if (auto counted = co_await count_call(with, polls_by_code, code); !counted)
    co_return fail(std::move(counted.error()));
  if (auto counted = co_await count_call(with, polls_by_address, counted_address(in.client_address)); !counted)
    co_return fail(std::move(counted.error()));

  const auto now = with.clock.now();
  const auto act = audited_login(in, persistence::audit_action::login_claimed);
  auto login = co_await on_database(
      with, [&](persistence::connection& db) { return persistence::poll_device_login(db, code, now, act); });
  if (!login)
    co_return fail(std::move(login.error()));
  if (login->status != "approved")
    co_return json_response(status_json(login->status));
  co_return secret_response(approved_json(*login, security::key_vault{with.settings.session_secret}));
}

} // namespace cued::http

#include "config/settings.hpp"
#include "http/middleware/client_address.hpp"
#include "http/middleware/route_counter.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/audited.hpp"
#include "http/routes/device_html.hpp"
#include "http/routes/new_account.hpp"
#include "http/server/target.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/device_codes.hpp"
#include "security/api_key.hpp"
#include "security/digest.hpp"

/// What a browser sees of the device login (spec/auth.md §3.3 - §3.5).
///
/// In production a magic link leads to a page that shows the code and asks for confirmation: mail scanners open links,
/// and who chose the code gets the account. Elsewhere opening the link approves at once, as the reference does and as
/// its tests expect. The page also asks for the account's API key, once, where the address of an account was never
/// proven (persistence/proven_addresses.hpp).
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t code_limit = 128; // what the start of a login accepts
constexpr route_limit confirmations_by_code{"auth_confirm", 10, std::chrono::hours{1}};
// The rate limit of all leaves this path out. Without one by address, a flood of made-up codes would push the windows
// of everybody else's codes, addresses and letters out of memory (security/fixed_window.hpp).
constexpr route_limit confirmations_by_address{"auth_confirm_ip", 60, std::chrono::minutes{1}};

struct magic_link {
  std::string token;
  std::string code;
};

result<magic_link> read_link(const request& in) {
  query_reader query{in};
  magic_link link;
  link.token = query.text("token");
  link.code = query.text("device_code");
  if (auto bad = query.problems())
    return fail(std::move(*bad));
  return link;
}

/// A refusal that the reader of the page can do something about; nothing for faults of the server.
std::optional<response> as_page(const error& refusal) {
  if (refusal.status >= 500)
    return std::nullopt;
  return refused_page(400, refusal.message);
}

/// The key that was typed into the page, if one was. Programs send none and no body.
std::optional<std::string> shown_key_hash(const request& in) {
  for (const auto& [name, value] : read_query(in.body))
    if (name == "api_key" && !value.empty())
      return security::api_key_hash(value);
  return std::nullopt;
}

awaitable<result<response>> approve(services& with, const request& in, magic_link link, std::string email) {
  const security::key_vault keys{with.settings.session_secret};
  persistence::device_approval approval;
  if (with.settings.allow_register) {
    auto account = make_account(email, keys, with.random, with.clock.now());
    account.row.api_key_encrypted = account.key.encrypted;
    approval.account = std::move(account.row);
  }
  approval.code = std::move(link.code);
  approval.token = std::move(link.token);
  approval.now = with.clock.now();
  approval.same = security::equal_in_constant_time;
  approval.session_token = security::new_token(with.random);
  approval.proof_demanded = with.settings.production();
  approval.shown_key_hash = shown_key_hash(in);
  const auto act = audited_login(in, persistence::audit_action::login_approved);
  auto approved = co_await on_database(
      with, [&](persistence::connection& db) { return persistence::approve_device_login(db, approval, act); });
  if (approved)
    co_return verified_page(with.settings.base_url + "/dashboard", approval.session_token, email,
                            security::random_hex(with.random, nonce_bytes));
  if (auto page = as_page(approved.error()))
    co_return std::move(*page);
  co_return fail(std::move(approved.error()));
}

/// What a link does at once (`approves`), or whom it would let in.
awaitable<result<response>> open_link(services& with, const request& in, bool approves) {
  auto link = read_link(in);
  if (!link)
    co_return fail(std::move(link.error()));
  const auto now = with.clock.now();
  auto login = co_await on_database(with, [&](persistence::connection& db) {
    return persistence::find_waiting_login(db, link->code, link->token, now, security::equal_in_constant_time);
  });
  if (!login) {
    if (auto page = as_page(login.error()))
      co_return std::move(*page);
    co_return fail(std::move(login.error()));
  }
  if (approves)
    co_return co_await approve(with, in, std::move(*link), std::move(login->email));
  co_return confirm_page(link->code, login->email, login->address_unproven);
}

bool is_showable(std::string_view code) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return code.size() <= code_limit && std::all_of(code.begin(), code.end(), allowed);
}

} // namespace

awaitable<result<response>> follow_magic_link(services& with, request& in) {
  co_return co_await open_link(with, in, !with.settings.production());
}

awaitable<result<response>> confirm_magic_link(services& with, request& in) {
  query_reader query{in};
  const auto code = query.text("device_code");
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  if (auto counted = co_await count_call(with, confirmations_by_address, counted_address(in.client_address)); !counted)
    co_return fail(std::move(counted.error()));
  if (auto counted = co_await count_call(with, confirmations_by_code, code); !counted)
    co_return fail(std::move(counted.error()));
  co_return co_await open_link(with, in, true);
}

awaitable<result<response>> show_dashboard(services& with, request&) {
  co_return dashboard_page(security::random_hex(with.random, nonce_bytes));
}

awaitable<result<response>> show_device_page(services& with, request& in) {
  query_reader query{in};
  const auto code = query.text("code");
  if (auto bad = query.problems())
    co_return fail(std::move(*bad));
  if (!is_showable(code))
    co_return refused_page(400, "This is not a device code");
  co_return device_page(code, security::random_hex(with.random, nonce_bytes));
}

} // namespace cued::http

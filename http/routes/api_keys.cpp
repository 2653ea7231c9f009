#include "persistence/api_keys.hpp"

#include <spdlog/spdlog.h>

#include "domain/identifiers.hpp"
#include "domain/timestamp.hpp"
#include "http/middleware/revocation.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/audited.hpp"
#include "http/validation/confirmation.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "security/account_key.hpp"

/// /v1/auth/keys: further keys of an account, with names and scopes. Ours; the reference has one key per account
/// (spec/auth.md §1.1).
namespace cued::http {
namespace {

using boost::asio::awaitable;
using persistence::api_key_view;
using persistence::audit_action;

constexpr std::size_t name_length_max = 64;
constexpr int days_at_most = 3650;

std::optional<std::string> time_or_null(const std::optional<instant>& at) {
  return at ? std::optional{format_z(*at)} : std::nullopt;
}

/// The members of a key, in an object that is open.
void write_members(json::writer& w, const api_key_view& key) {
  w.key("id").string(key.id);
  w.key("name").string(key.name);
  w.key("scope").string(name_of(key.scope));
  w.key("prefix").string(key.prefix);
  w.key("created_at").string(format_z(key.created_at));
  w.key("last_used_at").string_or_null(time_or_null(key.last_used_at));
  w.key("expires_at").string_or_null(time_or_null(key.expires_at));
  w.key("revoked_at").string_or_null(time_or_null(key.revoked_at));
}

struct wanted_key {
  std::string name;
  key_scope scope = key_scope::full;
  std::optional<instant> expires_at;
};

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

wanted_key read_wanted(body_reader& body, instant now) {
  wanted_key key;
  key.name = body.text("name", {.length_min = 1, .length_max = name_length_max});
  if (!key.name.empty() && is_blank(key.name))
    body.reject("name", "Value error, a name needs more than blanks");
  if (const auto scope = scope_named(body.choice("scope", {.of = {"full", "read_only", "worker"}})))
    key.scope = *scope;
  const auto days = body.optional_integer("expires_in_days", {.min = 1, .max = days_at_most});
  const auto at = body.optional_time("expires_at");
  if (days && at)
    body.reject("expires_at", "Value error, give expires_in_days or expires_at, not both");
  else if (days)
    key.expires_at = now + std::chrono::days{*days};
  else if (at && at->at <= now)
    body.reject("expires_at", "Value error, the time must be in the future");
  else if (at && at->at > now + std::chrono::days{days_at_most})
    body.reject("expires_at", "Value error, the time must be within " + std::to_string(days_at_most) + " days");
  else if (at)
    key.expires_at = at->at;
  return key;
}

std::string about_key(const std::string& id, const wanted_key* made = nullptr) {
  json::writer w;
  w.begin_object().key("key_id").string(id);
  if (made)
    w.key("name").string(made->name).key("scope").string(name_of(made->scope));
  w.end_object();
  return std::move(w).str();
}

persistence::key_owner owner_of(const request& in) { return {in.caller.user_id, in.caller.key_hash}; }

} // namespace

awaitable<result<response>> list_api_keys(services& with, request& in) {
  auto listed = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::list_api_keys(link, in.caller.user_id); });
  if (!listed)
    co_return fail(std::move(listed.error()));
  json::writer w;
  w.begin_object().key("keys").begin_array();
  for (const auto& key : listed->keys) {
    w.begin_object();
    write_members(w, key);
    w.end_object();
  }
  w.end_array();
  w.key("account_key").begin_object().key("prefix").string(listed->account_key_prefix).end_object();
  w.end_object();
  co_return json_response(std::move(w).str());
}

awaitable<result<response>> create_api_key(services& with, request& in) {
  const auto now = with.clock.now();
  body_reader body{in};
  auto wanted = read_wanted(body, now);
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));

  const auto made = security::key_vault{""}.make(with.random, now); // no copy is kept: shown once
  const persistence::new_api_key row{
      security::new_uuid(with.random), wanted.name, wanted.scope, made.hash, made.display, wanted.expires_at};
  const auto owner = owner_of(in);
  const auto act = audited(in, audit_action::named_key_made, about_key(row.id, &wanted));
  auto added = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::add_api_key(link, owner, row, act); });
  if (!added)
    co_return fail(std::move(added.error()));
  spdlog::info("API key {} made, user {}", row.id, owner.user_id);

  json::writer w;
  w.begin_object().key("api_key").string(made.key);
  write_members(w, *added);
  w.end_object();
  co_return secret_response(std::move(w).str(), 201);
}

awaitable<result<response>> rotate_api_key(services& with, request& in) {
  if (auto confirmed = require_confirmation(in); !confirmed)
    co_return fail(std::move(confirmed.error()));
  const auto id = canonical_uuid(in.path_params.at(0));
  if (!id)
    co_return persistence::key_not_found();
  const auto made = security::key_vault{""}.make(with.random, with.clock.now());
  const auto owner = owner_of(in);
  const auto act = audited(in, audit_action::named_key_rotated, about_key(*id));
  auto rotated = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::rotate_api_key(link, owner, *id, made.hash, made.display, act);
  });
  if (!rotated)
    co_return fail(std::move(rotated.error()));
  auto account = in.caller;
  account.key_hash = made.hash;
  account.key_id = *id;
  co_await key_replaced(with, rotated->old_hash, std::move(account));
  spdlog::info("API key {} rotated, user {}", *id, owner.user_id);

  json::writer w;
  w.begin_object().key("api_key").string(made.key);
  write_members(w, rotated->key);
  w.key("previous_key_revoked").boolean(true).end_object();
  co_return secret_response(std::move(w).str());
}

awaitable<result<response>> revoke_api_key(services& with, request& in) {
  const auto id = canonical_uuid(in.path_params.at(0));
  if (!id)
    co_return persistence::key_not_found();
  const auto owner = owner_of(in);
  const auto act = audited(in, audit_action::named_key_revoked, about_key(*id));
  auto revoked = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::revoke_api_key(link, owner, *id, act); });
  if (!revoked)
    co_return fail(std::move(revoked.error()));
  co_await account_changed(with, in.caller.user_id);
  spdlog::info("API key {} revoked, user {}", *id, owner.user_id);
  co_return no_content();
}

} // namespace cued::http

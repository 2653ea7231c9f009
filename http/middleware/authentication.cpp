#include "http/middleware/authentication.hpp"

#include "config/settings.hpp"
#include "domain/usage.hpp"
#include "http/middleware/principal_cache.hpp"
#include "http/shared_usage.hpp"
#include "http/validation/coercions.hpp"
#include "http/waiting.hpp"
#include "persistence/redis/caller_keys.hpp"
#include "persistence/usage.hpp"
#include "persistence/users.hpp"
#include "security/api_key.hpp"
#include "security/digest.hpp"
#include "security/session_token.hpp"

namespace cued::http {

using boost::asio::awaitable;

namespace {

constexpr std::string_view bearer = "Bearer ";

error key_rotated() { return {401, "key_rotated", "This API key has been rotated; use the new one", {}, {}}; }
error user_not_found(int status) { return {status, "user_not_found", "User not found", {}, {}}; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

identity refused(identity::kind by, error why) { return {by, nullptr, false, std::move(why)}; }

identity identity_of(identity::kind by, known_caller caller, error (*why_unknown)()) {
  if (caller.who)
    return {by, std::move(caller.who), caller.approaching_limit, {}};
  return refused(by, caller.rotated ? key_rotated() : why_unknown());
}

/// A user as found, together with how much of the month's executions is used.
result<known_caller> with_usage(persistence::connection& db, principal found, instant now) {
  known_caller out;
  if (found.monthly_execution_limit > 0) {
    const auto used = persistence::monthly_usage(db, found.user_id, date_text(month_of(now).first));
    if (!used)
      return fail(used.error());
    out.approaching_limit = approaches_limit(*used, found.monthly_execution_limit);
    out.executions_of_month = *used;
  }
  out.who = std::make_shared<const principal>(std::move(found));
  return out;
}

result<known_caller> caller_of_key(persistence::connection& db, const std::string& hash, instant now) {
  auto found = persistence::find_principal_by_key_hash(db, hash);
  if (!found)
    return fail(std::move(found.error()));
  if (*found)
    return with_usage(db, std::move(**found), now);
  const auto rotated = persistence::was_rotated(db, hash);
  if (!rotated)
    return fail(rotated.error());
  return known_caller{nullptr, *rotated, false};
}

result<known_caller> caller_of_id(persistence::connection& db, const std::string& user_id, instant now) {
  auto found = persistence::find_principal_by_id(db, user_id);
  if (!found)
    return fail(std::move(found.error()));
  if (*found)
    return with_usage(db, std::move(**found), now);
  return known_caller{};
}

/// What Redis says of the month's executions goes before what the database says.
awaitable<void> ask_for_usage(services& with, known_caller& found) {
  if (!found.who || found.who->monthly_execution_limit <= 0)
    co_return;
  const auto used = co_await executions_to_tell(with, found.who->user_id, found.executions_of_month);
  found.approaching_limit = approaches_limit(used, found.who->monthly_execution_limit);
}

/// Of a key that is nobody's: with Redis its word decides whether it was replaced, for others write there too and tests
/// delete it; without, the database's (spec/http.md §12).
awaitable<void> ask_whether_rotated(services& with, const std::string& hash, known_caller& nobody) {
  const auto ask = [callers = with.callers, hash](std::function<void(std::optional<bool>)> resume) {
    callers->was_rotated(hash, std::move(resume));
  };
  const std::optional<bool> unknown;
  const auto said = co_await answer_within<std::optional<bool>>(persistence::redis_patience, unknown, ask);
  nobody.rotated = said.value_or(nobody.rotated);
}

/// From the cache, or by `read(connection&)`, which the cache then remembers.
template <class Read>
awaitable<result<known_caller>> look_up(services& with, std::string key, const Read& read) {
  const auto asked_at = with.clock.now();
  auto cached = with.principals.find(key, asked_at);
  if (cached.found && !cached.refresh)
    co_return std::move(*cached.found);
  const auto ticket = with.principals.begin();
  auto found = co_await on_database(with, read);
  if (found) {
    if (with.shared != nullptr)
      co_await ask_for_usage(with, *found);
    const bool still_true = with.principals.store(ticket, key, *found, asked_at);
    if (still_true && found->who && with.callers != nullptr)
      with.callers->remember(*found->who);
    co_return found;
  }
  // What is cached outlives a database that is away, until its time is up.
  if (cached.found)
    co_return std::move(*cached.found);
  co_return found;
}

} // namespace

error invalid_api_key() { return {401, "invalid_api_key", "Invalid or missing API key", {}, {}}; }

std::optional<std::string_view> bearer_token(const request& in) {
  const auto* header = in.header("authorization");
  if (!header || !header->starts_with(bearer))
    return std::nullopt;
  return trimmed(std::string_view{*header}.substr(bearer.size()));
}

bool authentication::carries_internal_token(const request& in) const {
  const auto& token = with_.settings.internal_auth_token;
  const auto* header = in.header("authorization");
  return !token.empty() && header && header->starts_with(bearer) &&
         security::equal_in_constant_time(std::string_view{*header}.substr(bearer.size()), token);
}

bool authentication::is_internal(std::string_view token) const {
  const auto& internal_token = with_.settings.internal_auth_token;
  return with_.settings.external_auth_backend && !internal_token.empty() &&
         security::equal_in_constant_time(token, internal_token);
}

awaitable<identity> authentication::identify(const request& in) const {
  const auto asked = with_.principals.begin();
  auto found = co_await look_at(in);
  found.asked = asked;
  co_return found;
}

std::optional<identity> authentication::identify_at_once(const request& in) const {
  const auto asked = with_.principals.begin();
  const auto token = bearer_token(in);
  if (!token || !token->starts_with(security::api_key_prefix) || is_internal(*token))
    return std::nullopt;
  const auto now = with_.clock.now();
  auto caller = with_.principals.find_fresh(security::api_key_hash(*token), now);
  if (!caller || !caller->who || (caller->who->key_expires_at && *caller->who->key_expires_at <= now))
    return std::nullopt;
  return identity{identity::kind::api_key, std::move(caller->who), caller->approaching_limit, {}, asked};
}

bool authentication::is_confirmed(const identity& known) const {
  return !known.known() || with_.principals.unchanged_since(known.asked);
}

awaitable<identity> authentication::confirm(const request& in, identity known) const {
  if (is_confirmed(known))
    co_return known;
  co_return co_await identify(in);
}

awaitable<identity> authentication::look_at(const request& in) const {
  const auto token = bearer_token(in);
  if (!token)
    co_return refused(identity::kind::none, invalid_api_key());
  if (is_internal(*token))
    co_return co_await identify_on_behalf(in);
  if (token->starts_with(security::api_key_prefix))
    co_return co_await identify_key(*token);
  co_return co_await identify_session(*token);
}

awaitable<identity> authentication::identify_key(std::string_view token) const {
  const auto hash = security::api_key_hash(token);
  auto caller = co_await look_up(
      with_, hash, [&](persistence::connection& db) { return caller_of_key(db, hash, with_.clock.now()); });
  if (!caller)
    co_return refused(identity::kind::api_key, std::move(caller.error()));
  const bool has_end = caller->who && caller->who->key_expires_at;
  if (has_end && *caller->who->key_expires_at <= with_.clock.now())
    caller->who = nullptr; // it came while the key was remembered
  if (!caller->who && with_.callers != nullptr)
    co_await ask_whether_rotated(with_, hash, *caller);
  co_return identity_of(identity::kind::api_key, std::move(*caller), invalid_api_key);
}

awaitable<identity> authentication::identify_session(std::string_view token) const {
  const auto user_id = with_.sessions.check(token, with_.clock.now());
  if (!user_id)
    co_return refused(identity::kind::session, user_id.error());
  auto caller = co_await look_up(with_, principal_cache::key_of_session(*user_id), [&](persistence::connection& db) {
    return caller_of_id(db, *user_id, with_.clock.now());
  });
  if (!caller)
    co_return refused(identity::kind::session, std::move(caller.error()));
  co_return identity_of(identity::kind::session, std::move(*caller), [] { return user_not_found(401); });
}

awaitable<identity> authentication::identify_on_behalf(const request& in) const {
  const auto* on_behalf_of = in.header("x-on-behalf-of");
  if (!on_behalf_of || on_behalf_of->empty())
    co_return refused(
        identity::kind::internal,
        {400, "internal_token_requires_on_behalf_of", "The internal token needs the header X-On-Behalf-Of", {}, {}});
  const auto user_id = to_uuid(std::string_view{*on_behalf_of});
  if (!user_id)
    co_return refused(identity::kind::internal,
                      {400, "invalid_on_behalf_of", "X-On-Behalf-Of is not a user id", {}, {}});
  // Read each time: the caller may have made this user a moment ago, on another node.
  auto caller = co_await on_database(
      with_, [&](persistence::connection& db) { return caller_of_id(db, *user_id, with_.clock.now()); });
  if (!caller)
    co_return refused(identity::kind::internal, std::move(caller.error()));
  co_return identity_of(identity::kind::internal, std::move(*caller), [] { return user_not_found(404); });
}

} // namespace cued::http

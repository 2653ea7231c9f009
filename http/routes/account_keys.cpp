#include <spdlog/spdlog.h>

#include "actors/notify/notifier.hpp"
#include "config/settings.hpp"
#include "http/middleware/revocation.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/audited.hpp"
#include "http/validation/confirmation.hpp"
#include "http/waiting.hpp"
#include "persistence/user_secrets.hpp"
#include "security/account_key.hpp"

/// GET /v1/auth/key and POST /v1/auth/key/regenerate (spec/auth.md §2.4).
namespace cued::http {

using boost::asio::awaitable;

awaitable<result<response>> show_key(services& with, request& in) {
  auto stored = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::read_key(link, in.caller.user_id); });
  if (!stored)
    co_return fail(std::move(stored.error()));

  const security::key_vault vault{with.settings.session_secret};
  auto key = vault.reveal(stored->encrypted, stored->hash);
  if (!key)
    key = vault.reveal(stored->registered_encrypted, stored->hash);
  if (key) {
    const auto act = audited(in, persistence::audit_action::key_revealed);
    auto noted = co_await on_database(
        with, [&](persistence::connection& link) { return persistence::record_audit(link, in.caller.user_id, act); });
    if (!noted)
      co_return fail(std::move(noted.error()));
  }
  json::writer w;
  w.begin_object();
  w.key("api_key").string_or_null(key);
  if (!key) {
    w.key("prefix").string(stored->prefix);
    w.key("message").string("The key is not available. Only its hash is stored; regenerate it to get a new one.");
  }
  w.end_object();
  co_return secret_response(std::move(w).str());
}

awaitable<result<response>> regenerate_key(services& with, request& in) {
  if (auto confirmed = require_confirmation(in); !confirmed)
    co_return fail(std::move(confirmed.error()));

  const auto now = with.clock.now();
  const auto made = security::key_vault{with.settings.session_secret}.make(with.random, now);
  const persistence::new_key replacement{made.hash, made.display, made.encrypted};
  // Only the account's own key knows the hash that it is about to replace.
  const bool named = !in.caller.key_id.empty();
  auto old_hash = named ? std::string{} : in.caller.key_hash;
  const persistence::key_owner owner{in.caller.user_id, named ? in.caller.key_hash : std::string{}};
  const auto act = audited(in, persistence::audit_action::key_regenerated);
  auto replaced = co_await on_database(with, [&](persistence::connection& link) -> result<void> {
    if (old_hash.empty()) {
      auto stored = persistence::read_key(link, in.caller.user_id);
      if (!stored)
        return fail(std::move(stored.error()));
      old_hash = std::move(stored->hash);
    }
    return persistence::replace_key(link, owner, old_hash, replacement, act);
  });
  if (!replaced)
    co_return fail(std::move(replaced.error()));
  auto account = in.caller;
  account.key_hash = made.hash;
  account.key_id.clear();
  co_await key_replaced(with, old_hash, std::move(account));
  spdlog::info("API key regenerated, user {}", in.caller.user_id);
  with.letters.api_key_regenerated(in.caller.email, now);

  json::writer w;
  w.begin_object();
  w.key("api_key").string(made.key);
  w.key("previous_key_revoked").boolean(true);
  w.end_object();
  co_return secret_response(std::move(w).str());
}

} // namespace cued::http

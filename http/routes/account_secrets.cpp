#include <spdlog/spdlog.h>

#include "actors/notify/notifier.hpp"
#include "domain/timestamp.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/audited.hpp"
#include "http/validation/confirmation.hpp"
#include "http/validation/readers.hpp"
#include "http/waiting.hpp"
#include "persistence/user_secrets.hpp"
#include "security/random.hpp"

/// The secrets that sign what we send (spec/auth.md §2.4).
namespace cued::http {
namespace {

using boost::asio::awaitable;
using persistence::audit_action;

constexpr std::int64_t longest_overlap_seconds = 7 * 86'400;

/// A secret that is about to be shown, once the log knows of it; nothing is shown that could not be noted.
result<std::string> noted(persistence::connection& link, const request& in, const persistence::audit_entry& act,
                          result<std::string> secret) {
  if (!secret || secret->empty())
    return secret;
  if (auto recorded = persistence::record_audit(link, in.caller.user_id, act); !recorded)
    return fail(std::move(recorded.error()));
  return secret;
}

response show(std::string_view name, const std::string& secret) {
  json::writer w;
  w.begin_object().key(name).string(secret).end_object();
  return secret_response(std::move(w).str());
}

/// A rotation ends the old secret at once, as the reference's does, unless `?overlap_seconds=` asks for time.
result<std::chrono::seconds> wanted_overlap(const request& in) {
  query_reader query{in};
  const auto seconds = query.integer("overlap_seconds", {.min = 0, .max = longest_overlap_seconds, .fallback = 0});
  if (auto bad = query.problems())
    return fail(std::move(*bad));
  return std::chrono::seconds{seconds};
}

std::string details_of(std::chrono::seconds overlap) {
  if (overlap.count() == 0)
    return {};
  json::writer w;
  w.begin_object().key("overlap_seconds").number(overlap.count()).end_object();
  return std::move(w).str();
}

response show_new(std::string_view name, const std::string& secret, std::optional<instant> previous_valid_until) {
  json::writer w;
  w.begin_object().key(name).string(secret);
  w.key("previous_secret_revoked").boolean(!previous_valid_until);
  if (previous_valid_until)
    w.key("previous_secret_valid_until").string(format_z(*previous_valid_until));
  w.end_object();
  return secret_response(std::move(w).str());
}

} // namespace

awaitable<result<response>> show_webhook_secret(services& with, request& in) {
  const auto act = audited(in, audit_action::webhook_secret_revealed);
  auto secret = co_await on_database(with, [&](persistence::connection& link) {
    return noted(link, in, act, persistence::read_webhook_secret(link, in.caller.user_id));
  });
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
  const auto overlap = wanted_overlap(in);
  if (!overlap)
    co_return fail(overlap.error());
  const auto act = audited(in, audit_action::webhook_secret_regenerated, details_of(*overlap));
  auto replaced = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::replace_webhook_secret(link, in.caller.user_id, secret, act, *overlap);
  });
  if (!replaced)
    co_return fail(std::move(replaced.error()));
  spdlog::info("webhook secret regenerated, user {}", in.caller.user_id);
  with.letters.webhook_secret_rotated(in.caller.email, with.clock.now());
  co_return show_new("webhook_secret", secret, *replaced);
}

awaitable<result<response>> show_alert_webhook_secret(services& with, request& in) {
  const auto candidate = security::new_token(with.random);
  const auto act = audited(in, audit_action::alert_webhook_secret_revealed);
  auto secret = co_await on_database(with, [&](persistence::connection& link) {
    return noted(link, in, act, persistence::alert_webhook_secret(link, in.caller.user_id, candidate));
  });
  if (!secret)
    co_return fail(std::move(secret.error()));
  co_return show("alert_webhook_secret", *secret);
}

awaitable<result<response>> regenerate_alert_webhook_secret(services& with, request& in) {
  if (auto confirmed = require_confirmation(in); !confirmed)
    co_return fail(std::move(confirmed.error()));
  const auto secret = security::new_token(with.random);
  const auto overlap = wanted_overlap(in);
  if (!overlap)
    co_return fail(overlap.error());
  const auto act = audited(in, audit_action::alert_webhook_secret_regenerated, details_of(*overlap));
  auto replaced = co_await on_database(with, [&](persistence::connection& link) {
    return persistence::replace_alert_webhook_secret(link, in.caller.user_id, secret, act, *overlap);
  });
  if (!replaced)
    co_return fail(std::move(replaced.error()));
  spdlog::info("alert webhook secret regenerated, user {}", in.caller.user_id);
  co_return show_new("alert_webhook_secret", secret, *replaced);
}

} // namespace cued::http

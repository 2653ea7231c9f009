#include <algorithm>

#include <spdlog/spdlog.h>

#include "config/settings.hpp"
#include "domain/identifiers.hpp"
#include "http/middleware/client_address.hpp"
#include "http/middleware/rate_limit.hpp"
#include "http/middleware/revocation.hpp"
#include "http/routes/account_handlers.hpp"
#include "http/routes/audited.hpp"
#include "http/validation/email_input.hpp"
#include "http/waiting.hpp"
#include "persistence/internal_users.hpp"
#include "security/account_key.hpp"
#include "security/digest.hpp"

/// PUT /v1/internal/users/{user_id}: accounts kept by another system (spec/auth.md §5).
namespace cued::http {
namespace {

using boost::asio::awaitable;

constexpr std::string_view slug_pattern = "^[a-z0-9][a-z0-9-]*[a-z0-9]$";
constexpr std::size_t slug_limit_characters = 64;
constexpr std::size_t plan_limit_characters = 20;
constexpr std::size_t owner_limit_characters = 64;

/// This path has no rate limit, so what is limited is guessing: of each address, wrong tokens in any 60 s. Beyond it
/// the right one is refused as well, or the limit would stop nobody.
constexpr int wrong_tokens_per_minute = 10;

bool bears_internal_token(const request& in, const std::string& token) {
  const auto* sent = in.header("Authorization");
  return sent && !token.empty() && security::equal_in_constant_time(*sent, "Bearer " + token);
}

awaitable<result<void>> judge_token(services& with, const request& in) {
  const bool right = bears_internal_token(in, with.settings.internal_auth_token);
  const rate_bucket wrong_ones{"ratelimit:internal:" + counted_address(in.client_address), wrong_tokens_per_minute};
  const int wrong =
      co_await answer_of<int>([&](auto resume) { with.limiter.passed(wrong_ones.key, std::move(resume)); });
  if (right && wrong < wrong_tokens_per_minute)
    co_return result<void>{};
  const auto decision = co_await admit(with, wrong_ones); // counts, unless there are too many already
  if (!decision.allowed)
    co_return fail(rate_limit_exceeded(decision));
  if (!right)
    co_return fail(401, "invalid_internal_token", "Invalid internal token");
  co_return result<void>{};
}

bool is_slug(std::string_view text) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.front() != '-' && text.back() != '-' && std::all_of(text.begin(), text.end(), inner);
}

std::optional<int> read_limit(body_reader& body, std::string_view name) {
  const auto limit = body.optional_integer(name, {.min = 0});
  return limit ? std::optional{static_cast<int>(*limit)} : std::nullopt;
}

persistence::external_user read_user(body_reader& body) {
  persistence::external_user user;
  user.email = read_email(body, "email");
  user.slug = body.text("slug", {.length_min = 1, .length_max = slug_limit_characters});
  if (!user.slug.empty() && user.slug.size() <= slug_limit_characters && !is_slug(user.slug))
    body.reject("slug", "String should match pattern '" + std::string{slug_pattern} + "'");
  user.plan = body.optional_text("plan", {.length_max = plan_limit_characters});
  user.active_cue_limit = read_limit(body, "active_cue_limit");
  user.monthly_execution_limit = read_limit(body, "monthly_execution_limit");
  user.monthly_message_limit = read_limit(body, "monthly_message_limit");
  user.rate_limit_per_minute = read_limit(body, "rate_limit_per_minute");
  user.external_owner = body.optional_text("external_owner", {.length_max = owner_limit_characters});
  return user;
}

std::string stored_json(const persistence::stored_external_user& user) {
  json::writer w;
  w.begin_object();
  w.key("id").string(user.id);
  w.key("email").string(user.email);
  w.key("slug").string(user.slug);
  w.key("plan").string(user.plan);
  w.key("active_cue_limit").number(user.active_cue_limit);
  w.key("monthly_execution_limit").number(user.monthly_execution_limit);
  w.key("monthly_message_limit").number(user.monthly_message_limit);
  w.key("rate_limit_per_minute").number(user.rate_limit_per_minute);
  w.key("created").boolean(user.created);
  w.end_object();
  return std::move(w).str();
}

} // namespace

awaitable<result<response>> put_internal_user(services& with, request& in) {
  if (!with.settings.external_auth_backend)
    co_return fail(404, "http_error", "Not Found");
  // Before anything else: a stranger must not be able to find out what the body should look like.
  if (auto judged = co_await judge_token(with, in); !judged)
    co_return fail(std::move(judged.error()));
  body_reader body{in};
  auto user = read_user(body);
  if (auto bad = body.problems())
    co_return fail(std::move(*bad));
  auto id = canonical_uuid(in.path_params.at(0));
  if (!id)
    co_return fail(400, "invalid_user_id", "The user id must be a UUID");
  user.id = std::move(*id);

  const auto key = security::key_vault{""}.make(with.random, with.clock.now());
  user.api_key_hash = key.hash;
  user.api_key_prefix = key.display;
  user.webhook_secret = security::new_webhook_secret(with.random);
  auto act = audited(in, persistence::audit_action::account_upserted);
  act.actor = "internal";
  auto stored = co_await on_database(
      with, [&](persistence::connection& link) { return persistence::upsert_external_user(link, user, act); });
  if (!stored)
    co_return fail(std::move(stored.error()));
  co_await account_changed(with, stored->id);
  spdlog::info("external user {} {}", stored->id, stored->created ? "created" : "changed");
  co_return json_response(stored_json(*stored));
}

} // namespace cued::http

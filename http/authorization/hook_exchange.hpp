#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "actors/deliver/webhook_sender.hpp"
#include "http/authorization/message_authorizer.hpp"

/// What goes to the authorization hook and what its answer means. Pure functions, any thread. Source: spec/auth.md §6.
namespace cued::http {

/// AUTHZ_HOOK_URL and AUTHZ_HOOK_SECRET.
struct hook_address {
  std::string url;
  std::string secret; ///< empty: questions are not signed
};

inline constexpr std::chrono::milliseconds hook_deadline{5'000};
inline constexpr std::chrono::seconds default_cache_time{60};
/// What a hook asks for beyond that is cut: a mistyped number must not make one answer last for years.
inline constexpr std::chrono::seconds longest_cache_time{86'400};

/// The question as a POST in the canonical form, signed like a webhook if there is a secret.
[[nodiscard]] actors::webhook_request hook_request(const hook_address& hook, const message_question& question,
                                                   instant now);

struct hook_decision {
  bool allowed = false;
  std::optional<std::chrono::seconds> keep_for = {}; ///< nothing: ask again next time
  std::string reason = {};                           ///< of a refusal, as the hook gave it
  std::string fault = {};                            ///< why the answer could not be used; then it is a no
};

/// Only 200 with `{"decision": "allow"}` is a yes and only `{"decision": "deny"}` an answer at all; whatever else comes
/// is a fault, refused and never kept. `cache_ttl` is read as the reference's int() does; what that refuses is the
/// default, where the reference answers 500.
[[nodiscard]] hook_decision judge_hook_answer(const actors::webhook_response& answer);

} // namespace cued::http

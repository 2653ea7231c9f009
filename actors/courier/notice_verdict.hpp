#pragma once

#include <optional>

#include "actors/deliver/webhook_sender.hpp"
#include "actors/notify/notifier.hpp"
#include "persistence/notice_store.hpp"

/// What an attempt at a notice came to. Pure.
/// Retries wait 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 6 h and 15 h: about a day in total, then the notice has failed
/// and stays in the list. The reference tries once (spec/alerts-usage.md §3, the better way).
namespace cued::actors {

inline constexpr int notice_attempts_at_most = 9;

/// How long to wait after attempt number `attempt` (1-based) failed; nothing after the last.
[[nodiscard]] std::optional<std::chrono::seconds> notice_retry_delay(int attempt);

/// 2xx is delivered; everything else is tried again while attempts are left, also a URL that is blocked or refused: its
/// owner may correct it meanwhile.
[[nodiscard]] persistence::notice_result judge_notice(const persistence::started_notice& notice,
                                                      const webhook_response& response, instant now);

/// The same for a letter, as the notifier tells it.
[[nodiscard]] persistence::notice_result judge_letter(const persistence::started_notice& notice,
                                                      const letter_result& ended, instant now);

/// A notice that is never going to be sent, and why.
[[nodiscard]] persistence::notice_result give_up_notice(const persistence::started_notice& notice,
                                                        persistence::notice_result::verdict what, std::string why);

} // namespace cued::actors

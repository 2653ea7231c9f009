#include "actors/courier/notice_verdict.hpp"

#include <array>

#include "actors/outcome/attempt_verdict.hpp"

namespace cued::actors {
namespace {

using namespace std::chrono_literals;
using verdict = persistence::notice_result::verdict;

constexpr std::array<std::chrono::seconds, notice_attempts_at_most - 1> waits{5s, 30s, 2min, 10min, 30min, 2h, 6h, 15h};

} // namespace

std::optional<std::chrono::seconds> notice_retry_delay(int attempt) {
  if (attempt < 1 || attempt >= notice_attempts_at_most)
    return std::nullopt;
  return waits[static_cast<std::size_t>(attempt - 1)];
}

persistence::notice_result judge_notice(const persistence::started_notice& notice, const webhook_response& response,
                                        instant now) {
  letter_result ended;
  ended.status = response.status;
  ended.sent = response.what == webhook_response::failure::none && response.status && *response.status >= 200 &&
               *response.status < 300;
  if (!ended.sent)
    ended.why = describe_failure(response);
  return judge_letter(notice, ended, now);
}

persistence::notice_result judge_letter(const persistence::started_notice& notice, const letter_result& ended,
                                        instant now) {
  persistence::notice_result out;
  out.id = notice.id;
  out.attempt = notice.attempt;
  out.http_status = ended.status;
  if (ended.sent) {
    out.what = verdict::delivered;
    return out;
  }
  out.last_error = ended.why;
  const auto wait = notice_retry_delay(notice.attempt);
  out.what = wait ? verdict::retry : verdict::failed;
  if (wait)
    out.next_attempt = now + *wait;
  return out;
}

persistence::notice_result give_up_notice(const persistence::started_notice& notice, verdict what, std::string why) {
  persistence::notice_result out;
  out.id = notice.id;
  out.attempt = notice.attempt;
  out.what = what;
  out.last_error = std::move(why);
  return out;
}

} // namespace cued::actors

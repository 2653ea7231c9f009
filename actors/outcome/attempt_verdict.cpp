#include "actors/outcome/attempt_verdict.hpp"

#include <algorithm>

#include "domain/backoff.hpp"

namespace cued::actors {
namespace {

constexpr std::chrono::seconds retry_after_at_most{86'400};
constexpr int gone = 410; // RFC 9110 §15.5.11

std::string describe_status(int status) {
  const auto code = std::to_string(status);
  if (status == 404)
    return "Webhook endpoint not found (404)";
  if (status == 408)
    return "Webhook endpoint timed out";
  if (status >= 400 && status < 500)
    return "Webhook endpoint rejected request (" + code + ")";
  if (status == 500)
    return "Webhook endpoint returned server error (500)";
  if (status > 500 && status < 600)
    return "Webhook endpoint server error (" + code + ")";
  return "Webhook delivery failed (" + code + ")";
}

std::chrono::microseconds delay_after(const persistence::started_delivery& delivery, double random) {
  return retry_delay(delivery.attempt, delivery.retry_backoff_json, delivery.retry_backoff_seconds_json,
                     delivery.retry_jitter_percent, random);
}

persistence::attempt_result failed_attempt(const persistence::started_delivery& delivery, std::string why,
                                           std::chrono::microseconds delay, instant now) {
  persistence::attempt_result out;
  out.execution_id = delivery.execution_id;
  out.attempt = delivery.attempt;
  out.error_message = std::move(why);
  out.what = persistence::attempt_result::verdict::failed;
  if (may_retry(delivery.attempt, delivery.retry_max_attempts)) {
    out.what = persistence::attempt_result::verdict::retry;
    out.next_retry = now + delay;
  }
  return out;
}

} // namespace

std::string describe_failure(const webhook_response& response) {
  using failure = webhook_response::failure;
  switch (response.what) {
  case failure::none:
    return describe_status(response.status.value_or(0));
  case failure::timed_out:
    return "Webhook endpoint timed out";
  case failure::could_not_connect:
    return "Could not connect to webhook endpoint";
  case failure::blocked:
  case failure::protocol_error:
  case failure::cut_off:
    break;
  }
  return response.detail.empty() ? "Unknown error" : response.detail;
}

persistence::attempt_result judge_attempt(const persistence::started_delivery& delivery,
                                          const webhook_response& response, instant now, double random) {
  if (response.what == webhook_response::failure::none && response.status && *response.status >= 200 &&
      *response.status < 300) {
    persistence::attempt_result out;
    out.execution_id = delivery.execution_id;
    out.attempt = delivery.attempt;
    out.what = persistence::attempt_result::verdict::success;
    out.http_status = response.status;
    out.response_body = response.body;
    return out;
  }
  auto delay = delay_after(delivery, random);
  if (response.retry_after_seconds)
    delay = std::max<std::chrono::microseconds>(
        delay, std::min(std::chrono::seconds{*response.retry_after_seconds}, retry_after_at_most));
  auto out = failed_attempt(delivery, describe_failure(response), delay, now);
  out.http_status = response.status;
  if (response.status == gone) {
    out.what = persistence::attempt_result::verdict::failed;
    out.next_retry.reset();
  }
  return out;
}

persistence::attempt_result judge_lost_attempt(const persistence::started_delivery& delivery, int silent_seconds,
                                               bool at_once, instant now, double random) {
  const auto seconds = std::to_string(silent_seconds);
  const auto delay = at_once ? std::chrono::microseconds{0} : delay_after(delivery, random);
  auto out = failed_attempt(delivery, "Recovered from stale delivering state after " + seconds + "s", delay, now);
  out.lost = true;
  if (out.what == persistence::attempt_result::verdict::failed)
    out.error_message = "Failed: stuck in delivering for >" + seconds + "s, max attempts exhausted";
  return out;
}

} // namespace cued::actors

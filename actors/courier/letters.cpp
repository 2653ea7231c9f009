#include "actors/courier/letters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "actors/courier/notice_verdict.hpp"
#include "domain/json/value.hpp"
#include "domain/letter_case.hpp"

namespace cued::actors {
namespace {

using verdict = persistence::notice_result::verdict;

constexpr std::array<std::string_view, 8> test_prefixes{
    "argus-",       "test-", "verify-",           "verify-production-",
    "verify-diag-", "e2e-",  "test-cueapi-core-", "cueapi-core-test-"};

std::string text_of(const json::value& content, std::string_view name) {
  const auto* found = content.find(name);
  return found && found->kind() == json::kind::string ? found->as_string() : std::string{};
}

int number_of(const json::value& content, std::string_view name) {
  int out = 0;
  if (const auto* found = content.find(name); found && found->kind() == json::kind::number)
    std::from_chars(found->number_text().data(), found->number_text().data() + found->number_text().size(), out);
  return out;
}

} // namespace

bool is_test_cue(std::string_view name) {
  const auto lower = lower_case(name);
  return std::ranges::any_of(test_prefixes, [&](std::string_view prefix) { return lower.starts_with(prefix); });
}

bool letters::may_tell_of_failure(const std::string& user_id) {
  if (shared_ != nullptr)
    if (const auto told = shared_->count_failure_letter(user_id))
      return *told <= failures_per_hour;
  return failures_.count(user_id, failures_per_hour, std::chrono::hours{1}, clock_.now()).allowed;
}

letter_done letters::judged(const persistence::started_notice& notice, over done) const {
  return [notice, &clock = clock_, done = std::move(done)](const letter_result& ended) {
    done(judge_letter(notice, ended, clock.now()));
  };
}

void letters::send(const persistence::started_notice& notice, over done) {
  const auto content = json::parse(notice.content_json);
  if (!content || content->kind() != json::kind::object)
    return done(give_up_notice(notice, verdict::failed, "The content is not an object"));
  if (notice.email.empty())
    return done(give_up_notice(notice, verdict::dropped, "The user is gone"));
  const auto letter = text_of(*content, "letter");
  if (letter == "execution_failed")
    return tell_of_failure(notice, *content, done);
  if (letter == "worker_offline")
    return tell_of_silence(notice, *content, done);
  done(give_up_notice(notice, verdict::failed, "An unknown kind of letter"));
}

void letters::tell_of_failure(const persistence::started_notice& notice, const json::value& content, const over& done) {
  const auto cue_name = text_of(content, "cue_name");
  if (is_test_cue(cue_name))
    return done(give_up_notice(notice, verdict::dropped, "A test cue"));
  const bool first_attempt = notice.attempt <= 1;
  if (first_attempt && !may_tell_of_failure(notice.user_id))
    return done(give_up_notice(notice, verdict::dropped, "More than 10 letters within an hour"));
  post_.execution_failed(
      notice.email, {cue_name, notice.cue_id.value_or(""), notice.execution_id.value_or(""), text_of(content, "error")},
      judged(notice, done));
}

void letters::tell_of_silence(const persistence::started_notice& notice, const json::value& content, const over& done) {
  const auto worker_id = text_of(content, "worker_id");
  post_.worker_offline(notice.email,
                       {worker_id, number_of(content, "minutes"), number_of(content, "pending_executions")},
                       judged(notice, done));
  if (shared_ != nullptr)
    shared_->worker_told_offline(notice.user_id, worker_id);
}

} // namespace cued::actors

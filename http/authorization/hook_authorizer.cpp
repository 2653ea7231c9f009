#include "http/authorization/hook_authorizer.hpp"

#include <spdlog/spdlog.h>

namespace cued::http {

void hook_authorizer::authorize(message_question question, std::function<void(bool)> done) {
  cache_->find(question, [this, question, done = std::move(done)](std::optional<bool> known) {
    if (known)
      done(*known);
    else
      ask(question, done);
  });
}

void hook_authorizer::ask(const message_question& question, std::function<void(bool)> done) {
  sender_.send(hook_request(hook_, question, clock_.now()),
               [this, question, done = std::move(done)](const actors::webhook_response& answer) {
                 done(decide(question, answer));
               });
}

bool hook_authorizer::decide(const message_question& question, const actors::webhook_response& answer) {
  const auto decision = judge_hook_answer(answer);
  if (!decision.fault.empty()) {
    spdlog::warn("the authorization hook gave no decision, so the message of {} to {} is refused: {}",
                 question.sender_user, question.recipient_user, decision.fault);
    return false;
  }
  if (!decision.allowed)
    spdlog::info("the authorization hook refused {} of {} to {}: {}", question.kind, question.sender_user,
                 question.recipient_user, decision.reason.empty() ? "no reason given" : decision.reason);
  if (decision.keep_for)
    cache_->keep(question, decision.allowed, *decision.keep_for);
  return decision.allowed;
}

} // namespace cued::http

#include "http/authorization/decision_cache.hpp"

#include "http/authorization/message_authorizer.hpp"
#include "persistence/redis/shared_keys.hpp"

namespace cued::http {
namespace {

std::string key_of(const message_question& question) {
  return question.sender_user + ":" + question.recipient_user + ":" + question.kind;
}

} // namespace

void local_decision_cache::find(const message_question& question, std::function<void(std::optional<bool>)> done) {
  std::optional<bool> found;
  {
    const std::lock_guard lock{mutex_};
    const auto at = entries_.find(key_of(question));
    if (at != entries_.end() && at->second.expires_at > clock_.now())
      found = at->second.allowed;
  }
  done(found);
}

void local_decision_cache::keep(const message_question& question, bool allowed, std::chrono::seconds keep_for) {
  const auto now = clock_.now();
  const std::lock_guard lock{mutex_};
  if (entries_.size() >= entries_at_most)
    std::erase_if(entries_, [&](const auto& one) { return one.second.expires_at <= now; });
  if (entries_.size() < entries_at_most)
    entries_[key_of(question)] = {allowed, now + keep_for};
}

void shared_decision_cache::find(const message_question& question, std::function<void(std::optional<bool>)> done) {
  keys_.read_authorization(key_of(question), std::move(done));
}

void shared_decision_cache::keep(const message_question& question, bool allowed, std::chrono::seconds keep_for) {
  keys_.authorization_decided(key_of(question), allowed, keep_for);
}

} // namespace cued::http

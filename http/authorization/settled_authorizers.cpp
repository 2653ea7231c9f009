#include "http/authorization/settled_authorizers.hpp"

namespace cued::http {

void same_tenant_authorizer::authorize(message_question question, std::function<void(bool)> done) {
  done(question.sender_user == question.recipient_user);
}

void everyone_authorizer::authorize(message_question, std::function<void(bool)> done) { done(true); }

void allowlist_authorizer::authorize(message_question question, std::function<void(bool)> done) {
  done(question.sender_user == question.recipient_user || pairs_.allows(question.sender_user, question.recipient_user));
}

} // namespace cued::http

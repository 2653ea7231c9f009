#pragma once

#include "http/authorization/decision_cache.hpp"
#include "http/authorization/hook_exchange.hpp"

namespace cued::http {

/// Asks a program of the operator's, also about messages within an account. What it does not answer clearly and in time
/// is refused, with a warning. Source: spec/auth.md §6.
class hook_authorizer final : public message_authorizer {
public:
  hook_authorizer(hook_address hook, actors::webhook_sender& sender, const time_source& clock,
                  std::unique_ptr<decision_cache> cache)
      : hook_{std::move(hook)}, sender_{sender}, clock_{clock}, cache_{std::move(cache)} {}

  void authorize(message_question question, std::function<void(bool)> done) override;

private:
  void ask(const message_question& question, std::function<void(bool)> done);
  bool decide(const message_question& question, const actors::webhook_response& answer);

  const hook_address hook_;
  actors::webhook_sender& sender_;
  const time_source& clock_;
  const std::unique_ptr<decision_cache> cache_;
};

} // namespace cued::http

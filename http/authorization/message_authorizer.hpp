#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "domain/instant.hpp"

namespace cued::config {
struct settings;
}
namespace cued::persistence {
class shared_keys;
}
namespace cued::actors {
class webhook_sender;
}

namespace cued::http {

/// May this message be sent? Ids are canonical uuids (users) and `agt_...` (agents).
struct message_question {
  std::string sender_user, recipient_user;
  std::string sender_agent, recipient_agent;
  std::string kind; ///< `message`, or `reply_chain` for the agent that answers are to go to
  std::optional<std::string> idempotency_key;
};

/// Decides who may write to whom across accounts: asked once for the recipient of a message, and once more for the
/// agent its answers are to go to. In doubt the answer is no. Made once at start; any thread.
/// Source: spec/auth.md §6.
class message_authorizer {
public:
  virtual ~message_authorizer() = default;

  /// `done` is called exactly once, on any thread, perhaps before this returns. From a handler:
  ///   const bool allowed = co_await answer_of<bool>([&](auto done) { authorizer.authorize(question, done); });
  virtual void authorize(message_question question, std::function<void(bool)> done) = 0;
};

/// The one that the settings choose (config/message_authority.hpp). What they name and cued does not have is an error
/// in the log; entries of the allowlist that cannot be read are warnings. `sender` is for URLs of the operator,
/// `shared` is null without Redis; all of them outlive the authorizer, and the sender is closed before it goes.
[[nodiscard]] std::unique_ptr<message_authorizer> make_message_authorizer(const config::settings& settings,
                                                                          actors::webhook_sender& sender,
                                                                          const time_source& clock,
                                                                          persistence::shared_keys* shared);

} // namespace cued::http

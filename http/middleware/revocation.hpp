#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "domain/principal.hpp"
#include "http/services.hpp"

/// What a handler does after it has committed a change of who may call, or with which limits, and before it answers.
/// When the wait is over no node decides any more by what was true before: each has heard, or, if one does not say so,
/// what it could still remember has become too old. So a revoked key is dead on every node once its owner is told.
namespace cued::http {

/// An account, or one of its named keys.
[[nodiscard]] boost::asio::awaitable<void> account_changed(services& with, std::string user_id);

/// A key, the account's own or the named one `owner.key_id`. `owner.key_hash` is the new one. Tells Redis too, as far
/// as it is there.
[[nodiscard]] boost::asio::awaitable<void> key_replaced(services& with, std::string old_hash, principal owner);

} // namespace cued::http

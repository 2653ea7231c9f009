#include "http/middleware/revocation.hpp"

#include <spdlog/spdlog.h>

#include "http/middleware/principal_cache.hpp"
#include "http/waiting.hpp"
#include "persistence/postgres/change_listener.hpp"
#include "persistence/redis/caller_keys.hpp"

namespace cued::http {

using boost::asio::awaitable;

awaitable<void> account_changed(services& with, std::string user_id) {
  const auto hashes = with.principals.forget_user(user_id);
  if (with.callers != nullptr)
    with.callers->forget(user_id, hashes);
  if (with.changes == nullptr)
    co_return;
  constexpr auto memory = principal_cache::limits{}.ttl;
  const bool heard =
      co_await answer_of<bool>([&](auto resume) { with.changes->when_heard_everywhere(memory, std::move(resume)); });
  if (!heard)
    spdlog::warn("not every node has said that it heard of a changed account; waited until none can remember it, "
                 "user {}",
                 user_id);
}

awaitable<void> key_replaced(services& with, std::string old_hash, principal owner) {
  if (with.callers != nullptr) {
    const auto tell = [callers = with.callers, old_hash, owner](std::function<void(bool)> resume) {
      callers->key_replaced(old_hash, owner, std::move(resume));
    };
    co_await answer_within<bool>(persistence::redis_patience, false, tell);
  }
  co_await account_changed(with, owner.user_id);
}

} // namespace cued::http

#include "http/shared_usage.hpp"

#include <optional>

#include "domain/usage.hpp"
#include "http/waiting.hpp"
#include "persistence/redis/shared_keys.hpp"

namespace cued::http {

boost::asio::awaitable<std::int64_t> executions_to_tell(services& with, const std::string& user_id,
                                                        std::int64_t in_database) {
  if (with.shared == nullptr)
    co_return in_database;
  const auto month = date_text(month_of(with.clock.now()).first);
  const auto ask = [shared = with.shared, user_id, month](std::function<void(std::optional<std::int64_t>)> resume) {
    shared->read_usage(user_id, month, std::move(resume));
  };
  const std::optional<std::int64_t> nothing;
  const auto told = co_await answer_within<std::optional<std::int64_t>>(persistence::redis_patience, nothing, ask);
  if (told)
    co_return *told;
  with.shared->usage_loaded(user_id, month, in_database);
  co_return in_database;
}

} // namespace cued::http

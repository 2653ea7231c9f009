#include "http/middleware/key_uses.hpp"

#include <spdlog/spdlog.h>

#include "persistence/api_keys.hpp"
#include "persistence/postgres/pool.hpp"

namespace cued::http {

void key_uses::note(services& with, const std::string& key_id) {
  const auto now = with.clock.now();
  if (key_id.empty() || !is_due(key_id, now))
    return;
  const bool accepted = with.database.submit([key_id, now](persistence::connection& link) {
    if (const auto noted = persistence::note_key_use(link, key_id, now); !noted)
      spdlog::warn("the use of API key {} was not noted: {}", key_id, noted.error().message);
  });
  if (!accepted)
    spdlog::warn("the use of API key {} was not noted: too much waits for the database", key_id);
}

bool key_uses::is_due(const std::string& key_id, instant now) {
  const std::lock_guard lock{mutex_};
  if (written_at_.size() >= keys_at_most && !written_at_.contains(key_id))
    written_at_.clear();
  auto [entry, is_new] = written_at_.try_emplace(key_id, now);
  if (!is_new && now - entry->second < persistence::last_use_granularity)
    return false;
  entry->second = now;
  return true;
}

} // namespace cued::http

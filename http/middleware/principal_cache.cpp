#include "http/middleware/principal_cache.hpp"

namespace cued::http {

principal_cache::lookup principal_cache::find(const std::string& key, instant now) {
  const std::lock_guard lock{mutex_};
  const auto it = entries_.find(key);
  if (it == entries_.end() || it->second.good_until <= now)
    return {};
  auto& e = it->second;
  lookup out{e.caller, false};
  if (now >= e.refresh_from && !e.being_refreshed) {
    e.being_refreshed = true;
    out.refresh = true;
  }
  return out;
}

principal_cache::ticket principal_cache::begin() const {
  const std::lock_guard lock{mutex_};
  return changes_;
}

void principal_cache::store(ticket taken, const std::string& key, known_caller found, instant now) {
  const std::lock_guard lock{mutex_};
  if (taken != changes_)
    return;
  if (entries_.size() >= limits_.entries && !entries_.contains(key))
    entries_.clear();
  entries_[key] = entry{std::move(found), now + limits_.ttl, now + limits_.ttl / 2, false};
}

void principal_cache::forget_key(const std::string& key_hash) {
  const std::lock_guard lock{mutex_};
  ++changes_;
  entries_.erase(key_hash);
}

void principal_cache::forget_user(const std::string& user_id) {
  const std::lock_guard lock{mutex_};
  ++changes_;
  std::erase_if(entries_, [&](const auto& item) {
    const auto& who = item.second.caller.who;
    return (who && who->user_id == user_id) || item.first == key_of_session(user_id);
  });
}

} // namespace cued::http

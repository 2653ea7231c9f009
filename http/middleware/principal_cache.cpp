#include "http/middleware/principal_cache.hpp"

#include <algorithm>

namespace cued::http {

principal_cache::lookup principal_cache::find(const std::string& key, instant now) {
  const std::lock_guard lock{mutex_};
  const auto it = entries_.find(key); // there are none while changes are not heard
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

std::optional<known_caller> principal_cache::find_fresh(const std::string& key, instant now) {
  const std::lock_guard lock{mutex_};
  const auto it = entries_.find(key);
  if (it == entries_.end() || it->second.good_until <= now)
    return std::nullopt;
  const auto& e = it->second;
  if (now >= e.refresh_from && !e.being_refreshed)
    return std::nullopt;
  return e.caller;
}

principal_cache::ticket principal_cache::begin() const { return changes_; }

bool principal_cache::unchanged_since(ticket taken) const { return heard_ && taken == changes_; }

bool principal_cache::store(ticket taken, const std::string& key, known_caller found, instant asked_at) {
  const std::lock_guard lock{mutex_};
  if (taken != changes_)
    return false;
  if (!heard_)
    return true;
  if (entries_.size() >= limits_.entries && !entries_.contains(key))
    entries_.clear();
  auto good_until = asked_at + limits_.ttl;
  if (found.who && found.who->key_expires_at)
    good_until = std::min(good_until, *found.who->key_expires_at);
  entries_[key] = entry{std::move(found), good_until, asked_at + limits_.ttl / 2, false};
  return true;
}

std::vector<std::string> principal_cache::forget_user(const std::string& user_id) {
  const std::lock_guard lock{mutex_};
  ++changes_;
  std::vector<std::string> hashes;
  std::erase_if(entries_, [&](const auto& item) {
    const auto& who = item.second.caller.who;
    if (who && who->user_id == user_id && !who->key_hash.empty())
      hashes.push_back(item.first);
    return !who || who->user_id == user_id;
  });
  return hashes;
}

void principal_cache::forget_all() {
  const std::lock_guard lock{mutex_};
  ++changes_;
  entries_.clear();
}

void principal_cache::changes_are_heard(bool heard) {
  const std::lock_guard lock{mutex_};
  ++changes_;
  entries_.clear();
  heard_ = heard;
}

} // namespace cued::http

#include "http/client/connection_pool.hpp"

#include <algorithm>

namespace cued::http::client {

namespace {

/// No part but the last can hold a blank, and none is empty but the tenant.
std::string key_of(const connection_target& target) {
  return target.scheme + ' ' + target.host + ' ' + std::to_string(target.port) + ' ' + target.address.to_string() +
         ' ' + target.tenant;
}

} // namespace

std::unique_ptr<webhook_connection> connection_pool::take(const connection_target& target, time_point now) {
  const auto key = key_of(target);
  for (auto kept = by_target_.find(key); kept != by_target_.end(); kept = by_target_.find(key)) {
    const auto newest = kept->second.back();
    const bool good = usable(*newest, now);
    auto connection = std::move(newest->connection);
    remove(newest);
    if (good)
      return connection;
  }
  return nullptr;
}

void connection_pool::give_back(const connection_target& target, std::unique_ptr<webhook_connection> connection,
                                time_point now) {
  if (closed_ || limits_.idle_per_target_at_most == 0 || limits_.idle_at_most == 0)
    return;
  auto key = key_of(target);
  if (const auto same = by_target_.find(key);
      same != by_target_.end() && same->second.size() >= limits_.idle_per_target_at_most)
    return;
  while (idle_.size() >= limits_.idle_at_most)
    remove(idle_.begin());
  connection->tcp().expires_never();
  const auto where = idle_.insert(idle_.end(), idle_connection{key, std::move(connection), now});
  by_target_[std::move(key)].push_back(where);
}

void connection_pool::sweep(time_point now) {
  for (auto it = idle_.begin(); it != idle_.end();)
    it = usable(*it, now) ? std::next(it) : remove(it);
}

void connection_pool::close() {
  closed_ = true;
  by_target_.clear();
  idle_.clear();
}

bool connection_pool::usable(const idle_connection& kept, time_point now) const {
  return now - kept.since < limits_.idle_for && now - kept.connection->opened_at() < limits_.age_at_most &&
         kept.connection->is_quiet();
}

connection_pool::place connection_pool::remove(place which) {
  const auto kept = by_target_.find(which->key);
  std::erase(kept->second, which);
  if (kept->second.empty())
    by_target_.erase(kept);
  return idle_.erase(which);
}

} // namespace cued::http::client

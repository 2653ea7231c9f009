#include "http/routes/echo_board.hpp"

namespace cued::http {

void echo_board::put(const std::string& token, note n) {
  const std::lock_guard lock{mutex_};
  if (const auto known = by_token_.find(token); known != by_token_.end())
    remove(known->second);
  oldest_first_.push_back({token, std::move(n)});
  by_token_.emplace(token, std::prev(oldest_first_.end()));
  bytes_ += oldest_first_.back().bytes();
  while (oldest_first_.size() > limits_.notes || bytes_ > limits_.bytes)
    remove(oldest_first_.begin());
}

std::optional<echo_board::note> echo_board::find(const std::string& token, instant now) {
  const std::lock_guard lock{mutex_};
  while (!oldest_first_.empty() && oldest_first_.front().what.received_at + limits_.keep <= now)
    remove(oldest_first_.begin());
  const auto known = by_token_.find(token);
  if (known == by_token_.end())
    return std::nullopt;
  return known->second->what;
}

void echo_board::remove(place at) {
  bytes_ -= at->bytes();
  by_token_.erase(at->token);
  oldest_first_.erase(at);
}

} // namespace cued::http

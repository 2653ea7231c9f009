#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cued::actors {

/// First in, first out for each tenant, in turn between tenants: a tenant with ten thousand waiting items delays
/// another one's by one item a round, not by ten thousand. Owned by one actor; not thread-safe.
template <class T>
class fair_queue {
public:
  /// `tenant` may be a part of `item`.
  template <class Item>
  void push(const std::string& tenant, Item&& item) {
    auto [line, is_new] = lines_.try_emplace(tenant);
    if (line->second.empty())
      turns_.push_back(tenant);
    line->second.push_back(std::forward<Item>(item));
    ++size_;
  }

  /// Up to `limit` items, one from each tenant in turn. `may_have(tenant)` is asked before each; a tenant that may have
  /// none now keeps its place for a later call.
  template <class MayHave>
  std::vector<T> take(std::size_t limit, MayHave may_have) {
    std::vector<T> taken;
    std::size_t refused_in_a_row = 0;
    while (taken.size() < limit && !turns_.empty() && refused_in_a_row < turns_.size()) {
      auto tenant = std::move(turns_.front());
      turns_.pop_front();
      if (!may_have(tenant)) {
        turns_.push_back(std::move(tenant));
        ++refused_in_a_row;
        continue;
      }
      refused_in_a_row = 0;
      auto line = lines_.find(tenant);
      taken.push_back(std::move(line->second.front()));
      line->second.pop_front();
      --size_;
      if (line->second.empty())
        lines_.erase(line);
      else
        turns_.push_back(std::move(tenant));
    }
    return taken;
  }

  std::vector<T> take(std::size_t limit) {
    return take(limit, [](const std::string&) { return true; });
  }

  void clear() {
    lines_.clear();
    turns_.clear();
    size_ = 0;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

private:
  std::unordered_map<std::string, std::deque<T>> lines_;
  std::deque<std::string> turns_; ///< tenants with something waiting, each once
  std::size_t size_ = 0;
};

} // namespace cued::actors

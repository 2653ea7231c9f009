#include "http/client/name_resolver.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>

#include "http/waiting.hpp"

namespace cued::http::client {

namespace {

using steady = std::chrono::steady_clock;

error unresolvable(const std::string& host) {
  return error{400, "unresolvable_host", "Cannot resolve hostname: " + host, {}, std::nullopt};
}

} // namespace

/// Lanes, open questions, the cache and the deadlines, under one lock. No call out is made while it is held.
class name_resolver::desk {
public:
  desk(options chosen, lookup how) : options_{chosen}, lookup_{std::move(how)} {}

  void ask(const std::string& host, const std::string& tenant, std::chrono::milliseconds limit,
           actors::reply<addresses> answer);
  void serve();     ///< a worker thread: look-ups until close()
  void keep_time(); ///< the timekeeper: answers those whose time is up, until close()
  void close();     ///< everybody who waits gets an answer

private:
  /// A name somebody wants to know, from the first question to the end of its look-up.
  struct question {
    std::string host;
    std::string tenant;
    std::map<std::uint64_t, actors::reply<addresses>> waiting; ///< by number, as in `deadlines_`
  };
  struct lane {
    std::deque<std::shared_ptr<question>> waiting;
    std::size_t running = 0;
    bool in_turn = false; ///< stands in `turns_`
  };
  struct cached {
    addresses answer;
    steady::time_point until;
  };
  struct deadline {
    std::uint64_t number;
    std::weak_ptr<question> what;
  };

  std::shared_ptr<question> next_question(std::unique_lock<std::mutex>& lock);
  void finish(const std::shared_ptr<question>& what, const result<addresses>& found);
  void take_turn_if_possible(const std::string& tenant, lane& its);
  void leave_lane(const std::string& tenant);
  void remember(const std::string& host, const addresses& found);
  [[nodiscard]] std::size_t cap(const std::string& tenant) const {
    return tenant.empty() ? options_.threads : options_.parallel_per_tenant;
  }

  const options options_;
  const lookup lookup_;
  std::mutex mutex_;
  std::condition_variable work_, time_;
  bool closing_ = false;
  std::uint64_t last_number_ = 0;
  std::size_t open_ = 0; ///< replies not yet given
  std::unordered_map<std::string, std::shared_ptr<question>> questions_;
  std::unordered_map<std::string, lane> lanes_;
  std::deque<std::string> turns_; ///< tenants with something waiting and room to run it
  std::unordered_map<std::string, cached> cache_;
  std::multimap<steady::time_point, deadline> deadlines_;
};

void name_resolver::desk::ask(const std::string& host, const std::string& tenant, std::chrono::milliseconds limit,
                              actors::reply<addresses> answer) {
  std::unique_lock lock{mutex_};
  const auto now = steady::now();
  if (const auto known = cache_.find(host); known != cache_.end() && now < known->second.until) {
    const auto found = known->second.answer;
    lock.unlock();
    answer(found);
    return;
  }
  if (closing_ || open_ >= options_.waiting_limit) {
    lock.unlock();
    answer(fail(unavailable("Too many names are being looked up")));
    return;
  }
  auto& what = questions_[host];
  if (!what) {
    what = std::make_shared<question>(question{host, tenant, {}});
    auto& its = lanes_[tenant];
    its.waiting.push_back(what);
    take_turn_if_possible(tenant, its);
  }
  what->waiting.emplace(++last_number_, std::move(answer));
  ++open_;
  const auto added = deadlines_.emplace(now + limit, deadline{last_number_, what});
  if (added == deadlines_.begin())
    time_.notify_one();
}

void name_resolver::desk::take_turn_if_possible(const std::string& tenant, lane& its) {
  if (its.in_turn || its.waiting.empty() || its.running >= cap(tenant))
    return;
  its.in_turn = true;
  turns_.push_back(tenant);
  work_.notify_one();
}

std::shared_ptr<name_resolver::desk::question> name_resolver::desk::next_question(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    work_.wait(lock, [this] { return closing_ || !turns_.empty(); });
    if (closing_)
      return nullptr;
    const std::string tenant = std::move(turns_.front());
    turns_.pop_front();
    auto& its = lanes_[tenant];
    its.in_turn = false;
    auto what = std::move(its.waiting.front());
    its.waiting.pop_front();
    ++its.running;
    take_turn_if_possible(tenant, its);
    if (!what->waiting.empty())
      return what;
    // The time of all who asked was up while it stood in its lane.
    questions_.erase(what->host);
    leave_lane(tenant);
  }
}

void name_resolver::desk::leave_lane(const std::string& tenant) {
  const auto its = lanes_.find(tenant);
  --its->second.running;
  take_turn_if_possible(tenant, its->second);
  if (its->second.running == 0 && its->second.waiting.empty())
    lanes_.erase(its);
}

void name_resolver::desk::serve() {
  for (;;) {
    std::unique_lock lock{mutex_};
    const auto what = next_question(lock);
    if (!what)
      return;
    lock.unlock();
    finish(what, lookup_(what->host));
  }
}

void name_resolver::desk::finish(const std::shared_ptr<question>& what, const result<addresses>& found) {
  std::map<std::uint64_t, actors::reply<addresses>> waiting;
  {
    const std::lock_guard lock{mutex_};
    waiting.swap(what->waiting);
    open_ -= waiting.size();
    questions_.erase(what->host);
    if (found)
      remember(what->host, *found);
    leave_lane(what->tenant);
  }
  for (auto& [number, answer] : waiting)
    answer(found);
}

void name_resolver::desk::remember(const std::string& host, const addresses& found) {
  const auto now = steady::now();
  if (cache_.size() >= options_.cache_limit)
    std::erase_if(cache_, [now](const auto& entry) { return entry.second.until <= now; });
  if (cache_.size() < options_.cache_limit)
    cache_.insert_or_assign(host, cached{found, now + options_.cached_for});
}

void name_resolver::desk::keep_time() {
  std::unique_lock lock{mutex_};
  while (!closing_) {
    if (deadlines_.empty()) {
      time_.wait(lock);
      continue;
    }
    const auto first = deadlines_.begin();
    if (steady::now() < first->first) {
      const auto until = first->first;
      time_.wait_until(lock, until);
      continue;
    }
    const auto what = first->second.what.lock();
    const auto number = first->second.number;
    deadlines_.erase(first);
    if (!what)
      continue;
    if (auto late = what->waiting.extract(number)) {
      --open_;
      lock.unlock();
      late.mapped()(fail(unresolvable(what->host)));
      lock.lock();
    }
  }
}

void name_resolver::desk::close() {
  std::unordered_map<std::string, std::shared_ptr<question>> unanswered;
  std::vector<actors::reply<addresses>> dropped; // each answers 503 when it goes, and it goes without the lock
  const std::lock_guard lock{mutex_};
  closing_ = true;
  for (auto& [host, what] : questions_)
    for (auto& [number, answer] : what->waiting)
      dropped.push_back(std::move(answer));
  questions_.swap(unanswered);
  work_.notify_all();
  time_.notify_all();
}

name_resolver::name_resolver(options chosen, lookup how) : desk_{std::make_shared<desk>(chosen, std::move(how))} {
  for (std::size_t i = 0; i < chosen.threads; ++i)
    std::thread{[desk = desk_] { desk->serve(); }}.detach();
  timekeeper_ = std::thread{[desk = desk_] { desk->keep_time(); }};
}

name_resolver::~name_resolver() {
  desk_->close();
  timekeeper_.join();
}

void name_resolver::resolve(const std::string& host, const std::string& tenant, std::chrono::milliseconds limit,
                            actors::reply<addresses> answer) {
  desk_->ask(host, tenant, limit, std::move(answer));
}

boost::asio::awaitable<result<addresses>> name_resolver::addresses_of(std::string host, std::string tenant,
                                                                      std::chrono::milliseconds limit) {
  co_return co_await ask<addresses>(
      [&](actors::reply<addresses> answer) { resolve(host, tenant, limit, std::move(answer)); });
}

} // namespace cued::http::client

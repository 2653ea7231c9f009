#include "persistence/membership.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

namespace cued::persistence {
namespace {

/// Between two looks; a lease is that many of them.
constexpr std::chrono::seconds look_every{1};

} // namespace

std::vector<node_row> silence_watch::silent_among(const std::vector<node_row>& others) {
  std::map<std::int64_t, sight> now;
  std::vector<node_row> out;
  for (const auto& node : others) {
    const auto before = seen_.find(node.epoch);
    const bool stood_still = before != seen_.end() && before->second.renewals == node.renewals;
    const auto unchanged = stood_still ? before->second.unchanged + 1 : 0;
    now[node.epoch] = {node.renewals, unchanged};
    if (unchanged >= looks_)
      out.push_back(node);
  }
  seen_ = std::move(now);
  return out;
}

membership::membership(std::unique_ptr<node_store> store, membership_settings chosen)
    : settings_{std::move(chosen)}, store_{std::move(store)}, watch_{settings_.lease_seconds}, resting_{
                                                                                                   settings_.resting} {}

result<std::unique_ptr<membership>> membership::join(std::unique_ptr<node_store> store, membership_settings chosen) {
  std::unique_ptr<membership> out{new membership{std::move(store), std::move(chosen)}};
  if (auto joined = out->join_anew(out->settings_.sole_owner); !joined)
    return fail(std::move(joined.error()));
  out->left_ = false;
  out->look();
  return out;
}

membership::~membership() { leave(); }

void membership::begin() {
  thread_ = std::thread{[this] { serve(); }};
}

void membership::serve() {
  std::unique_lock lock{mutex_};
  while (true) {
    woken_.wait_for(lock, look_every, [this] { return ending_ || look_now_; });
    if (ending_)
      return;
    look_now_ = false;
    lock.unlock();
    look();
    lock.lock();
  }
}

void membership::look() {
  const std::lock_guard lock{looking_};
  if (left_)
    return;
  auto nodes = store_->renew(seat_.epoch(), resting_);
  reached_ = nodes.has_value();
  if (!nodes)
    return; // Postgres is away, for the others as well; it says so itself in the log
  const auto own = seat_.epoch();
  if (std::ranges::find(*nodes, own, &node_row::epoch) == nodes->end()) {
    spdlog::warn("this node (epoch {}) was taken for dead by another, which has its work now; it begins anew", own);
    if (settings_.on_fenced)
      settings_.on_fenced();
    if (const auto joined = join_anew(false); !joined)
      return;
    nodes = store_->renew(seat_.epoch(), resting_);
    if (!nodes)
      return;
  }
  remove_silent(*nodes);
  publish(*nodes);
  if (settings_.on_look)
    settings_.on_look(nodes->size());
}

result<void> membership::join_anew(bool alone) {
  const auto epoch = store_->join(settings_.name, resting_, alone);
  if (!epoch)
    return fail(epoch.error());
  seat_.write(*epoch, {*epoch}, 1);
  spdlog::info("this node is {}, epoch {}", settings_.name, *epoch);
  return {};
}

void membership::remove_silent(std::vector<node_row>& nodes) {
  std::vector<node_row> others;
  std::ranges::copy_if(nodes, std::back_inserter(others),
                       [own = seat_.epoch()](const node_row& n) { return n.epoch != own; });
  const auto silent = watch_.silent_among(others);
  if (silent.empty())
    return;
  const auto removed = store_->remove_silent(silent);
  if (!removed)
    return; // the next look tries again
  std::erase_if(nodes, [&](const node_row& n) {
    const bool gone = std::ranges::find(*removed, n.epoch) != removed->end();
    if (gone)
      spdlog::warn("node {} (epoch {}) fell silent; the others take over its work", n.name, n.epoch);
    return gone;
  });
}

void membership::publish(const std::vector<node_row>& nodes) {
  const auto own = seat_.epoch();
  std::vector<std::int64_t> in_charge;
  for (const auto& n : nodes)
    if (!n.resting || n.epoch == own) // who leaves goes on until the others have noticed
      in_charge.push_back(n.epoch);
  seat_.write(own, std::move(in_charge), nodes.size());
}

void membership::rest() {
  {
    const std::lock_guard lock{mutex_};
    resting_ = true;
    look_now_ = true;
  }
  woken_.notify_all();
}

void membership::leave() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable())
    thread_.join();
  const std::lock_guard lock{looking_};
  if (std::exchange(left_, true))
    return;
  if (!reached_ || !store_->leave(seat_.epoch())) // a database that is away must not hold up the end
    spdlog::warn("this node's row could not be removed; the others do that when its lease is over");
}

} // namespace cued::persistence

#include "actors/directory.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace cued::actors {
namespace {

/// `shard_of`: the inbox of an item.
template <class Item, without_owner Fate, class ShardOf>
void put_each(std::vector<inbox<Item, Fate>>& inboxes, std::vector<Item> items, ShardOf shard_of) {
  std::vector<std::vector<Item>> per_shard(inboxes.size());
  for (auto& item : items)
    per_shard[shard_of(item)].push_back(std::move(item));
  for (std::size_t i = 0; i < inboxes.size(); ++i)
    inboxes[i].put_all(per_shard[i]);
}

} // namespace

std::string_view name_of(pool which) {
  switch (which) {
  case pool::claim:
    return "claim";
  case pool::deliver:
    return "deliver";
  case pool::outcome:
    return "outcome";
  case pool::cue_clock:
    return "cue_clock";
  case pool::deadline_clock:
    return "deadline_clock";
  case pool::courier:
    return "courier";
  }
  return "unknown";
}

directory::directory(std::array<std::size_t, pools> sizes)
    : claims_(sizes[static_cast<std::size_t>(pool::claim)]), reports_(sizes[static_cast<std::size_t>(pool::outcome)]),
      attempts_(sizes[static_cast<std::size_t>(pool::outcome)]),
      started_(sizes[static_cast<std::size_t>(pool::deliver)]), doubts_(sizes[static_cast<std::size_t>(pool::claim)]) {
  for (std::size_t i = 0; i < pools; ++i)
    members_[i].resize(sizes[i]);
}

void directory::on_tenant_wanted(tenant_maker make_tenant) { make_tenant_ = std::move(make_tenant); }

void directory::place(pool which, std::size_t index, caf::actor member) {
  if (which == pool::claim)
    claims_[index].belong_to(member);
  if (which == pool::outcome) {
    reports_[index].belong_to(member);
    attempts_[index].belong_to(member);
  }
  if (which == pool::deliver)
    started_[index].belong_to(member);
  if (which == pool::courier)
    notices_over_.belong_to(member);
  const std::unique_lock lock{mutex_};
  members_[static_cast<std::size_t>(which)][index] = std::move(member);
}

void directory::claim(claim_message claim) const {
  auto& of_shard = claims_[shard_of(claim.request.execution_id, claims_.size())];
  of_shard.put(std::move(claim));
}

void directory::claim(std::vector<claim_message> claims) const {
  put_each(claims_, std::move(claims),
           [this](const claim_message& one) { return shard_of(one.request.execution_id, claims_.size()); });
}

void directory::report(outcome_message report) const {
  auto& of_shard = reports_[shard_of(report.report.execution_id, reports_.size())];
  of_shard.put(std::move(report));
}

void directory::report(std::vector<outcome_message> reports) const {
  put_each(reports_, std::move(reports),
           [this](const outcome_message& one) { return shard_of(one.report.execution_id, reports_.size()); });
}

void directory::write_down(const std::string& execution_id, unrecorded_attempt attempt) const {
  attempts_[shard_of(execution_id, attempts_.size())].put(std::move(attempt));
}

void directory::start(std::vector<started_message> started) const {
  put_each(started_, std::move(started),
           [this](const started_message& one) { return shard_of(one.delivery.execution_id, started_.size()); });
}

void directory::cut_off(persistence::cut_off_delivery delivery) const {
  const std::lock_guard lock{cut_off_mutex_};
  cut_off_.push_back(std::move(delivery));
}

std::vector<persistence::cut_off_delivery> directory::take_cut_off() const {
  const std::lock_guard lock{cut_off_mutex_};
  return std::exchange(cut_off_, {});
}

void directory::doubt(std::vector<persistence::held_claim> claims) const {
  std::vector<std::vector<persistence::held_claim>> per_shard(doubts_.size());
  for (auto& claim : claims)
    per_shard[shard_of(claim.execution_id, per_shard.size())].push_back(std::move(claim));
  for (std::size_t i = 0; i < per_shard.size(); ++i)
    if (!per_shard[i].empty()) {
      doubts_[i].add(std::move(per_shard[i]));
      deliver_to(member(pool::claim, i), give_back_message{});
    }
}

std::size_t directory::size(pool which) const { return members_[static_cast<std::size_t>(which)].size(); }

caf::actor directory::member(pool which, std::size_t index) const {
  const std::shared_lock lock{mutex_};
  return members_[static_cast<std::size_t>(which)][index];
}

bool directory::complete() const {
  const std::shared_lock lock{mutex_};
  return std::ranges::all_of(members_, [](const auto& members) {
    return std::ranges::all_of(members, [](const caf::actor& member) { return static_cast<bool>(member); });
  });
}

void directory::retire_tenant(const std::string& user_id) {
  auto& home = part_of(user_id);
  const std::lock_guard lock{home.mutex};
  if (auto it = home.tenants.find(user_id); it != home.tenants.end()) {
    deliver_to(it->second, retire_message{});
    home.tenants.erase(it);
  }
}

void directory::forget_tenant(const std::string& user_id, caf::actor_id id) {
  auto& home = part_of(user_id);
  const std::lock_guard lock{home.mutex};
  if (auto it = home.tenants.find(user_id); it != home.tenants.end() && it->second.id() == id)
    home.tenants.erase(it);
}

void directory::retire_all_tenants() {
  for (auto& home : parts_) {
    const std::lock_guard lock{home.mutex};
    for (auto& [user_id, tenant] : home.tenants)
      deliver_to(tenant, retire_message{});
    home.tenants.clear();
  }
}

/// First the flag, then the news: a tenant that took in a waiting claim before the flag was up is in the directory by
/// now and gets the message; later ones see the flag.
void directory::close_waiting() {
  waiting_closed_ = true;
  for (auto& home : parts_) {
    const std::lock_guard lock{home.mutex};
    for (auto& [user_id, tenant] : home.tenants)
      deliver_to(tenant, stop_waiting_message{});
  }
}

std::size_t directory::tenants() const {
  std::size_t n = 0;
  for (auto& home : parts_) {
    const std::lock_guard lock{home.mutex};
    n += home.tenants.size();
  }
  return n;
}

std::size_t directory::shard_of(std::string_view id, std::size_t shards) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : id)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash % shards;
}

void directory::deliver(const std::vector<persistence::due_delivery>& due) const {
  std::vector<deliver_message> per_shard(size(pool::deliver));
  for (const auto& d : due)
    per_shard[shard_of(d.execution_id, per_shard.size())].due.push_back(d);
  for (std::size_t i = 0; i < per_shard.size(); ++i)
    if (!per_shard[i].due.empty())
      deliver_to(member(pool::deliver, i), std::move(per_shard[i]));
}

void directory::announce(const std::vector<persistence::fired_slot>& fired) const {
  std::vector<persistence::released_execution> created;
  for (const auto& f : fired)
    if (f.created && !f.started)
      created.push_back({f.execution_id, f.user_id, f.webhook, f.scheduled_for, f.backfilled});
  announce(created);
}

void directory::announce(const std::vector<persistence::released_execution>& released) const {
  std::vector<persistence::due_delivery> webhooks;
  std::map<std::string, became_ready_message> per_tenant;
  for (const auto& r : released) {
    if (r.webhook)
      webhooks.push_back({r.execution_id, r.user_id, r.backfilled});
    else
      per_tenant[r.user_id].executions.push_back({r.scheduled_for, r.execution_id});
  }
  deliver(webhooks);
  for (auto& [user_id, message] : per_tenant)
    send_present_tenant(user_id, std::move(message));
}

} // namespace cued::actors

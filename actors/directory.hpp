#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <caf/actor.hpp>
#include <caf/send.hpp>

#include "actors/claim/claims_in_doubt.hpp"
#include "actors/inbox.hpp"
#include "actors/messages.hpp"
#include "persistence/clock_store.hpp"
#include "persistence/cut_off_deliveries.hpp"

namespace cued::actors {

enum class pool { claim, deliver, outcome, cue_clock, deadline_clock, courier };

[[nodiscard]] std::string_view name_of(pool which);

/// Who is in charge of what at this moment. An execution belongs to exactly one member of each pool, by the hash of its
/// id. The supervisor writes the pools; tenants come into being at their first message.
/// A message to a member that is just being restarted is dropped, which answers its sender with 503.
/// Thread: any.
class directory {
public:
  static constexpr std::size_t pools = 6;

  using attempt_inbox = inbox<unrecorded_attempt, without_owner::kept>;
  using started_inbox = inbox<started_message, without_owner::kept>;
  using notice_inbox = inbox<notice_over_message, without_owner::kept>;

  /// `make_tenant` spawns a tenant actor for a user; called under a lock, so it must not call back.
  using tenant_maker = std::function<caf::actor(const std::string& user_id)>;

  explicit directory(std::array<std::size_t, pools> sizes);

  void on_tenant_wanted(tenant_maker make_tenant);

  // -- written by the supervisor --------------------------------------------
  void place(pool which, std::size_t index, caf::actor member);
  [[nodiscard]] std::size_t size(pool which) const;
  [[nodiscard]] caf::actor member(pool which, std::size_t index) const;
  [[nodiscard]] bool complete() const; ///< every member of every pool is in its place

  // -- used by everybody ------------------------------------------------------
  /// Sends to the one member in charge of `id`.
  template <class Message>
  void send(pool which, std::string_view id, Message message) const {
    deliver_to(member(which, shard_of(id, size(which))), std::move(message));
  }

  /// To the one member in charge of the execution, which is told once for all that wait for it.
  void claim(claim_message claim) const;
  void claim(std::vector<claim_message> claims) const; ///< those of one shard together
  void report(outcome_message report) const;
  void report(std::vector<outcome_message> reports) const;
  /// To the one member in charge of the execution, or its successor.
  void write_down(const std::string& execution_id, unrecorded_attempt attempt) const;
  /// What waits for a claim, or an outcome member; it takes it.
  [[nodiscard]] inbox<claim_message>& claims_for(std::size_t index) const { return claims_[index]; }
  [[nodiscard]] inbox<outcome_message>& reports_for(std::size_t index) const { return reports_[index]; }

  [[nodiscard]] attempt_inbox& attempts_for(std::size_t index) const { return attempts_[index]; }
  /// What was taken for delivery, to the members in charge, or their successors.
  void start(std::vector<started_message> started) const;
  [[nodiscard]] started_inbox& started_for(std::size_t index) const { return started_[index]; }
  /// Attempts that this process has cut off by its own end.
  void cut_off(persistence::cut_off_delivery delivery) const;
  [[nodiscard]] std::vector<persistence::cut_off_delivery> take_cut_off() const;
  /// To the courier, or its successor.
  void notice_over(notice_over_message over) const { notices_over_.put(std::move(over)); }
  [[nodiscard]] notice_inbox& notices_over() const { return notices_over_; }

  /// These may hold though nobody was told so: the shards in charge give them back as soon as they can.
  void doubt(std::vector<persistence::held_claim> claims) const;
  [[nodiscard]] claims_in_doubt& doubts_of(std::size_t index) const { return doubts_[index]; }

  template <class Message>
  void send_all(pool which, const Message& message) const {
    for (std::size_t i = 0; i < size(which); ++i)
      deliver_to(member(which, i), message);
  }

  /// Sends to the tenant, making it if it is not there.
  template <class Message>
  void send_tenant(const std::string& user_id, Message message) {
    auto& home = part_of(user_id);
    const std::lock_guard lock{home.mutex};
    auto& tenant = home.tenants[user_id];
    if (!tenant)
      tenant = make_tenant_(user_id);
    deliver_to(tenant, std::move(message));
  }

  /// Sends only if the tenant is there: news that a sleeping tenant will read from the database anyway.
  template <class Message>
  void send_present_tenant(const std::string& user_id, Message message) const {
    auto& home = part_of(user_id);
    const std::lock_guard lock{home.mutex};
    if (auto it = home.tenants.find(user_id); it != home.tenants.end())
      deliver_to(it->second, std::move(message));
  }

  /// Forgets the tenant and tells it so; later messages go to a new one.
  void retire_tenant(const std::string& user_id);
  /// Forgets the tenant if it is this one (it died).
  void forget_tenant(const std::string& user_id, caf::actor_id id);
  void retire_all_tenants();
  /// From now on nobody waits for executions that are still to come; who does is answered at once. For good.
  void close_waiting();
  [[nodiscard]] bool waiting_closed() const { return waiting_closed_; }
  [[nodiscard]] std::size_t tenants() const;

  /// FNV-1a, the same on every node and at every start.
  [[nodiscard]] static std::size_t shard_of(std::string_view id, std::size_t shards);

  // -- hand-over of what became due -------------------------------------------
  /// Webhook executions to their deliver shards, in one message each.
  void deliver(const std::vector<persistence::due_delivery>& due) const;
  /// What the clock has fired and not taken for delivery itself: to deliver shards and to the tenants' ready lists.
  void announce(const std::vector<persistence::fired_slot>& fired) const;
  /// The same for executions whose turn has come.
  void announce(const std::vector<persistence::released_execution>& released) const;

private:
  struct part {
    mutable std::mutex mutex;
    std::unordered_map<std::string, caf::actor> tenants;
  };
  static constexpr std::size_t parts = 16;

  template <class Message>
  static void deliver_to(const caf::actor& receiver, Message message) {
    if (receiver)
      caf::anon_send(receiver, std::move(message));
  }

  part& part_of(const std::string& user_id) const { return parts_[shard_of(user_id, parts)]; }

  mutable std::shared_mutex mutex_;
  std::array<std::vector<caf::actor>, pools> members_;
  mutable std::vector<inbox<claim_message>> claims_;
  mutable std::vector<inbox<outcome_message>> reports_;
  mutable std::vector<attempt_inbox> attempts_;
  mutable std::vector<started_inbox> started_;
  mutable std::mutex cut_off_mutex_;
  mutable std::vector<persistence::cut_off_delivery> cut_off_;
  mutable notice_inbox notices_over_;
  mutable std::vector<claims_in_doubt> doubts_; ///< by claim shard
  mutable std::array<part, parts> parts_;
  tenant_maker make_tenant_;
  std::atomic<bool> waiting_closed_{false};
};

} // namespace cued::actors

#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cued::actors {

struct deliver_limits {
  std::size_t in_flight_at_most = 50;            ///< of one shard
  std::size_t in_flight_per_tenant_at_most = 50; ///< of one shard
};

/// How many webhooks of one deliver shard are on their way, in all and of each tenant. Who wants to send one takes a
/// seat first and keeps it until the attempt is over: the deliver actor for what has waited its turn, and the clock for
/// what it fires, as long as nobody waits. Seats outlive an actor that dies, as its requests do.
/// Thread: any.
class delivery_room : public std::enable_shared_from_this<delivery_room> {
public:
  explicit delivery_room(deliver_limits limits) : limits_{limits} {}

  /// Given back when it goes, if not before.
  class seat {
  public:
    seat(std::shared_ptr<delivery_room> room, std::string tenant)
        : room_{std::move(room)}, tenant_{std::move(tenant)} {}
    ~seat() { give_back(); }
    seat(seat&& other) noexcept = default;
    seat& operator=(seat&&) = delete;

    void give_back() {
      if (const auto room = std::exchange(room_, nullptr))
        room->leave(tenant_);
    }

  private:
    std::shared_ptr<delivery_room> room_;
    std::string tenant_;
  };

  /// Nothing if it is full, or the tenant has enough.
  [[nodiscard]] std::optional<seat> enter(const std::string& tenant) {
    return enter(tenant, [] { return true; });
  }
  /// Nothing also if others wait, or half of the seats are taken: who takes a seat before the commit may keep it for as
  /// long as Postgres lets him wait.
  [[nodiscard]] std::optional<seat> enter_if_nobody_waits(const std::string& tenant) {
    return enter(tenant, [this] { return !somebody_waits_ && taken_ < limits_.in_flight_at_most / 2; });
  }
  /// For what was taken already.
  [[nodiscard]] seat enter_anyway(const std::string& tenant) {
    const std::lock_guard lock{mutex_};
    return take(tenant);
  }

  void let_wait(bool somebody_waits) {
    const std::lock_guard lock{mutex_};
    somebody_waits_ = somebody_waits;
  }

  [[nodiscard]] std::size_t taken() const {
    const std::lock_guard lock{mutex_};
    return taken_;
  }
  [[nodiscard]] std::size_t free() const {
    const std::lock_guard lock{mutex_};
    return taken_ < limits_.in_flight_at_most ? limits_.in_flight_at_most - taken_ : 0;
  }

private:
  template <class Condition>
  std::optional<seat> enter(const std::string& tenant, Condition condition) {
    const std::lock_guard lock{mutex_};
    const auto mine = taken_by_.find(tenant);
    const bool has_enough = mine != taken_by_.end() && mine->second >= limits_.in_flight_per_tenant_at_most;
    if (taken_ >= limits_.in_flight_at_most || has_enough || !condition())
      return std::nullopt;
    return take(tenant);
  }

  seat take(const std::string& tenant) {
    ++taken_;
    ++taken_by_[tenant];
    return {shared_from_this(), tenant};
  }

  void leave(const std::string& tenant) {
    const std::lock_guard lock{mutex_};
    --taken_;
    if (const auto mine = taken_by_.find(tenant); --mine->second == 0)
      taken_by_.erase(mine);
  }

  const deliver_limits limits_;
  mutable std::mutex mutex_;
  std::size_t taken_ = 0;
  std::unordered_map<std::string, std::size_t> taken_by_;
  bool somebody_waits_ = false;
};

using delivery_rooms = std::vector<std::shared_ptr<delivery_room>>; ///< by shard

/// As what is sent holds it: callbacks must be copyable.
using shared_seat = std::shared_ptr<delivery_room::seat>;

} // namespace cued::actors

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace cued::persistence {

/// Who shares the work of the clocks, as this node last heard.
struct node_roster {
  std::int64_t epoch = 0;                   ///< this node's own; 0: it has none at the moment, and may do nothing
  std::vector<std::int64_t> in_charge = {}; ///< who takes new work, by epoch; this node is among them if it has one
  std::uint64_t number = 0;                 ///< grows with each change
};

/// What the parts of a node know of its place among the others: written by its membership, read by its stores and
/// clocks. It is a hint; the statements ask the database itself. Thread: any.
class node_seat {
public:
  /// For the statements that only a living epoch may run.
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }

  [[nodiscard]] std::shared_ptr<const node_roster> roster() const {
    const std::lock_guard lock{mutex_};
    return roster_;
  }

  /// When the database last confirmed the epoch.
  [[nodiscard]] std::chrono::steady_clock::time_point renewed_at() const {
    const std::lock_guard lock{mutex_};
    return renewed_at_;
  }

  [[nodiscard]] std::size_t living() const { return living_; } ///< nodes, this one included

  void write(std::int64_t epoch, std::vector<std::int64_t> in_charge, std::size_t living) {
    living_ = living;
    const std::lock_guard lock{mutex_};
    renewed_at_ = std::chrono::steady_clock::now();
    if (epoch == roster_->epoch && in_charge == roster_->in_charge)
      return;
    epoch_ = epoch;
    roster_ = std::make_shared<const node_roster>(node_roster{epoch, std::move(in_charge), roster_->number + 1});
  }

private:
  std::atomic<std::int64_t> epoch_{0};
  std::atomic<std::size_t> living_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const node_roster> roster_ = std::make_shared<const node_roster>();
  std::chrono::steady_clock::time_point renewed_at_{};
};

} // namespace cued::persistence

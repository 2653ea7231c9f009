#pragma once

#include <cstddef>
#include <iterator>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/send.hpp>

#include "actors/messages.hpp"

namespace cued::actors {

/// What becomes of what waits when there is nobody to take it.
enum class without_owner { dropped, kept };

/// Requests for one member of a pool that are worked off in batches. They go past its mailbox: only the first after the
/// member took what there was sends it a flush message, so that a batch costs one message and one wake-up, however many
/// are in it. As with a mailbox, what comes while nobody is in charge, or has not been taken when the member dies, is
/// dropped, which answers its sender with 503.
/// Bounded by the admission of requests.
/// With `without_owner::kept`, for what nobody would send again, the next owner finds it.
/// Thread: any; `owner` is written by the supervisor, by way of the directory.
template <class Item, without_owner Fate = without_owner::dropped>
class inbox {
public:
  void put(Item item) { put_all({&item, 1}); }

  void put_all(std::span<Item> items) {
    caf::actor sleeping;
    {
      const std::lock_guard lock{mutex_};
      if (items.empty() || (!owner_ && Fate == without_owner::dropped))
        return;
      if (waiting_.empty())
        sleeping = owner_;
      waiting_.insert(waiting_.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
    }
    if (sleeping)
      caf::anon_send(sleeping, flush_message{});
  }

  /// Swaps what there is, in the order in which it came, into the empty `into`.
  void take(std::vector<Item>& into) {
    const std::lock_guard lock{mutex_};
    waiting_.swap(into);
  }

  void belong_to(caf::actor owner) {
    std::vector<Item> dropped; // they answer when they go, and they go without the lock
    const std::lock_guard lock{mutex_};
    owner_ = std::move(owner);
    if (Fate == without_owner::dropped)
      dropped.swap(waiting_);
    else if (owner_ && !waiting_.empty())
      caf::anon_send(owner_, flush_message{});
  }

private:
  std::mutex mutex_;
  std::vector<Item> waiting_;
  caf::actor owner_;
};

} // namespace cued::actors

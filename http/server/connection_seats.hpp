#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include <boost/asio/ip/address.hpp>

namespace cued::http {

/// Who may be connected: so many in all, so many from one address. A seat is taken when a connection is accepted and
/// given back when it ends. An IPv6 client owns a whole network, so a /64 counts as one address.
/// Owner: the server. Any thread.
class connection_seats {
public:
  using address = boost::asio::ip::address;

  struct bounds {
    std::size_t in_all;
    std::size_t per_address;
    std::function<bool(const address&)> is_exempt; ///< from `per_address`: proxies speak for many. May be empty
  };

  /// Given back when destroyed.
  class seat {
  public:
    seat(connection_seats& of, std::optional<address> by) : of_{&of}, by_{std::move(by)} {}
    seat(seat&& other) noexcept : of_{std::exchange(other.of_, nullptr)}, by_{std::move(other.by_)} {}
    seat& operator=(seat&&) = delete;
    ~seat() {
      if (of_)
        of_->give_back(by_);
    }

  private:
    connection_seats* of_;
    std::optional<address> by_; ///< none: exempt
  };

  enum class refusal { full, address_has_enough };

  explicit connection_seats(bounds limits) : limits_{std::move(limits)} {}

  /// A seat, or nothing and the reason in `why`.
  [[nodiscard]] std::optional<seat> take(const address& peer, refusal& why);

  [[nodiscard]] std::size_t taken() const;

  /// False if somebody still sits there `at_most` later.
  [[nodiscard]] bool wait_until_empty(std::chrono::milliseconds at_most);

private:
  void give_back(const std::optional<address>& by);

  const bounds limits_;
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::size_t taken_ = 0;
  std::unordered_map<address, std::size_t> by_address_; ///< without exempt ones; never longer than `taken_`
};

} // namespace cued::http

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/scenarios/stored_execution.hpp"
#include "domain/error.hpp"
#include "domain/instant.hpp"

namespace cued::bench {

/// One webhook as a receiver has seen it.
struct delivery {
  execution_key execution;
  instant arrived; ///< first byte of its request, wall clock
  std::uint32_t attempt = 0;
};

/// What a signature can be checked with: headers and body as they were sent.
struct signed_sample {
  std::string cue_id, timestamp, signature, body;
  std::int64_t arrived_unix_seconds = 0;
};

struct receiver_wish {
  std::chrono::milliseconds answers_after{0}; ///< 0: at once
  std::size_t expected = 1'000'000;           ///< deliveries for which room is kept (32 bytes each)
  std::size_t sample_every = 100;             ///< one delivery in so many is kept for check_signatures()
};

/// The machine of a user, as far as webhooks are concerned: listens on 127.0.0.1, answers each request with 200, notes
/// when its first byte came. Connections stay open unless the sender wants otherwise.
///
/// Thread: one of its own, epoll; about 2 µs for each delivery besides the system calls. Any thread may call.
/// Never: looks into a body, asks the database. Ends with the object.
class receiver {
public:
  static constexpr std::size_t samples_at_most = 1'000;

  [[nodiscard]] static result<std::unique_ptr<receiver>> listen(const receiver_wish& wish = {});
  ~receiver();
  receiver(const receiver&) = delete;
  receiver& operator=(const receiver&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const;

  [[nodiscard]] std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  /// Waits until so many have come, at most until then; whether they have.
  bool wait_for(std::uint64_t deliveries, std::chrono::steady_clock::time_point until);

  [[nodiscard]] std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::vector<delivery> deliveries() const;
  [[nodiscard]] std::vector<signed_sample> samples() const;
  /// Requests that could not be understood or answered: the first few, in words.
  [[nodiscard]] std::vector<std::string> complaints() const;

private:
  class loop; ///< what the thread works with

  explicit receiver(const receiver_wish& wish) : wish_{wish} {}
  result<void> open();
  void note(const delivery& one);
  void keep(signed_sample sample);
  void complain(std::string what);
  void wake_waiting();

  receiver_wish wish_;
  int listening_ = -1, stop_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> count_{0}, connections_{0};
  mutable std::mutex mutex_; ///< of what follows
  std::condition_variable more_came_;
  std::vector<delivery> deliveries_;
  std::vector<signed_sample> samples_;
  std::vector<std::string> complaints_;
  std::thread thread_;
};

} // namespace cued::bench

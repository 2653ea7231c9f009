#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "persistence/postgres/connection.hpp"

namespace cued::persistence {

/// Threads that block in Postgres so that nobody else has to: each owns one connection and takes the oldest waiting
/// job. For ordinary reads and CRUD; the hot paths have actors with connections of their own.
/// Jobs are bounded: beyond `queue_limit` waiting ones `submit` refuses, and the caller answers 503.
/// Destruction finishes what is queued.
class pool {
public:
  using job = std::function<void(connection&)>;

  pool(connection_options options, std::size_t threads, std::size_t queue_limit = 10'000);
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// False when the queue is full. The job runs on a thread of the pool and must not throw.
  [[nodiscard]] bool submit(job work);

  [[nodiscard]] std::size_t waiting() const;

private:
  void serve();

  connection_options options_;
  std::size_t queue_limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<job> jobs_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

} // namespace cued::persistence

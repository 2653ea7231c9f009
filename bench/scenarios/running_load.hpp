#pragma once

#include <atomic>
#include <future>

#include "bench/load/http_load.hpp"

namespace cued::bench {

/// A conversation that can be told to come to an end before the time of its load is over.
/// stop() and stopped(): any thread.
class stoppable_conversation : public conversation {
public:
  void stop() { stopped_.store(true, std::memory_order_relaxed); }

protected:
  [[nodiscard]] bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

private:
  std::atomic<bool> stopped_{false};
};

/// A load on a thread of its own, while the scenario looks at something else. Ends with the object at the latest.
class running_load {
public:
  /// `talk` outlives it.
  running_load(load_plan plan, stoppable_conversation& talk);
  ~running_load();
  running_load(const running_load&) = delete;
  running_load& operator=(const running_load&) = delete;

  /// Stops the conversation and waits for what is under way. Once.
  [[nodiscard]] result<load_result> stop();
  /// Waits for the end of its time. Once, instead of stop().
  [[nodiscard]] result<load_result> finish();

private:
  load_plan plan_;
  stoppable_conversation& talk_;
  std::future<result<load_result>> result_;
};

} // namespace cued::bench

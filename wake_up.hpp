#pragma once

#include <mutex>
#include <string>

namespace cued {

/// What main waits for: a signal, the end of the private cluster, or an actor that cannot be kept alive.
/// Owner: main, which alone waits. Never: stops anything by itself.
class wake_up {
public:
  enum class reason { asked_to_stop, asked_to_reload, hopeless, cluster_gone };

  /// Before there are threads: they inherit the blocked signals.
  wake_up();
  ~wake_up();
  wake_up(const wake_up&) = delete;
  wake_up& operator=(const wake_up&) = delete;

  void give_up(const std::string& why); ///< any thread; of several reasons the first is kept

  /// `cluster_exit`: a descriptor that becomes readable when the private cluster ends; -1 without one.
  [[nodiscard]] reason wait(int cluster_exit) const;

  [[nodiscard]] std::string why() const; ///< after `hopeless`

  /// For what takes long before there is anything to wait for: whether a signal to stop has come. `wait` sees it too.
  [[nodiscard]] static bool stop_is_pending();

private:
  int signals_ = -1;
  int hopeless_ = -1;
  mutable std::mutex mutex_;
  std::string why_;
};

} // namespace cued

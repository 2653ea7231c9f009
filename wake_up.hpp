#pragma once

#include <string>

namespace cued {

/// What main waits for: a signal, the end of the private cluster, or an actor that cannot be kept alive.
class wake_up {
public:
  enum class reason { asked_to_stop, asked_to_reload, hopeless, cluster_gone };

  /// Before there are threads: they inherit the blocked signals.
  wake_up();
  ~wake_up();
  wake_up(const wake_up&) = delete;
  wake_up& operator=(const wake_up&) = delete;

  void give_up(const std::string& why); ///< any thread

  /// `cluster_exit`: a descriptor that becomes readable when the private cluster ends; -1 without one.
  [[nodiscard]] reason wait(int cluster_exit) const;

  [[nodiscard]] const std::string& why() const { return why_; } ///< after `hopeless`

private:
  int signals_ = -1;
  int hopeless_ = -1;
  std::string why_;
};

} // namespace cued

#pragma once

#include <string>

namespace cued {

/// Tells systemd (or whoever set NOTIFY_SOCKET) how far this process is: sd_notify(3) with Type=notify. Where nobody
/// wants to know, and where the message cannot be sent, nothing happens: it is a courtesy.
/// Owner: main, in whose thread all of it happens.
class service_manager {
public:
  /// Takes NOTIFY_SOCKET out of the environment, so that no program started later speaks for this one.
  service_manager();

  void ready() const;     ///< requests are answered
  void reloading() const; ///< SIGHUP is being obeyed; ready() follows
  void stopping() const;

private:
  void tell(const std::string& state) const;

  std::string socket_; ///< a path, or `@name` in the abstract name space; empty: nobody listens
};

} // namespace cued

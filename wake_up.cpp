#include "wake_up.hpp"

#include <csignal>
#include <cstdint>
#include <cstdlib>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace cued {

wake_up::wake_up() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGHUP);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signals_ = signalfd(-1, &stop, SFD_CLOEXEC);
  hopeless_ = eventfd(0, EFD_CLOEXEC);
}

wake_up::~wake_up() {
  close(signals_);
  close(hopeless_);
}

void wake_up::give_up(const std::string& why) {
  {
    const std::lock_guard lock{mutex_};
    if (why_.empty())
      why_ = why;
  }
  const std::uint64_t one = 1;
  if (write(hopeless_, &one, sizeof one) < 0)
    std::abort();
}

std::string wake_up::why() const {
  const std::lock_guard lock{mutex_};
  return why_;
}

bool wake_up::stop_is_pending() {
  sigset_t pending;
  sigemptyset(&pending);
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

wake_up::reason wake_up::wait(int cluster_exit) const {
  pollfd watched[3] = {{signals_, POLLIN, 0}, {hopeless_, POLLIN, 0}, {cluster_exit, POLLIN, 0}};
  while (poll(watched, cluster_exit < 0 ? 2 : 3, -1) < 0) {
  }
  if (watched[1].revents != 0)
    return reason::hopeless;
  if (watched[0].revents == 0)
    return reason::cluster_gone;
  signalfd_siginfo which{};
  const bool reload = read(signals_, &which, sizeof which) == sizeof which && which.ssi_signo == SIGHUP;
  return reload ? reason::asked_to_reload : reason::asked_to_stop;
}

} // namespace cued

#include "persistence/postgres/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" { // glibc before 2.37 forgot to say so itself
#include <sys/pidfd.h>
}

namespace cued::persistence {

namespace {

constexpr int exec_failed = 127;

std::optional<account> complete(const passwd* entry) {
  if (!entry)
    return std::nullopt;
  account found{entry->pw_name, entry->pw_uid, entry->pw_gid, {}};
  int count = 64;
  found.groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(entry->pw_name, entry->pw_gid, found.groups.data(), &count) < 0) {
    found.groups.resize(static_cast<std::size_t>(count));
    ::getgrouplist(entry->pw_name, entry->pw_gid, found.groups.data(), &count);
  }
  found.groups.resize(static_cast<std::size_t>(count));
  return found;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts)
    out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// -- between fork and exec: only async-signal-safe calls, no allocation ------------------------------------------

bool become(const account& who) {
  return ::setgroups(who.groups.size(), who.groups.data()) == 0 && ::setresgid(who.gid, who.gid, who.gid) == 0 &&
         ::setresuid(who.uid, who.uid, who.uid) == 0;
}

void restore_signals() {
  for (int number = 1; number < NSIG; ++number)
    ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_program(const process_description& description, char* const* arguments,
                                 char* const* environment, int input, int output, int report, pid_t parent) {
  ::setsid();
  ::umask(077);
  restore_signals();
  const bool rights = !description.run_as || become(*description.run_as);
  // The kernel forgets the death signal when rights change, hence only now.
  const bool tied = description.death_signal == 0 || ::prctl(PR_SET_PDEATHSIG, description.death_signal) == 0;
  if (rights && tied && ::chdir("/") == 0 && ::dup2(input, 0) >= 0 && ::dup2(output, 1) >= 0 &&
      ::dup2(output, 2) >= 0) {
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (description.death_signal == 0 || ::getppid() == parent)
      ::execve(arguments[0], arguments, environment);
  }
  const int reason = errno;
  [[maybe_unused]] const auto written = ::write(report, &reason, sizeof reason);
  ::_exit(exec_failed);
}

/// 0 once the program runs, otherwise the errno that kept it from running.
int read_report(int descriptor) {
  int reason = 0;
  ssize_t got = 0;
  do
    got = ::read(descriptor, &reason, sizeof reason);
  while (got < 0 && errno == EINTR);
  return got == sizeof reason ? reason : 0;
}

tl::unexpected<error> start_failed(const std::string& program, int reason) {
  return fail(500, "process_not_started", "cannot run " + program + ": " + std::strerror(reason));
}

} // namespace

std::optional<account> account::named(const std::string& name) { return complete(::getpwnam(name.c_str())); }

std::optional<account> account::of(uid_t uid) { return complete(::getpwuid(uid)); }

result<child_process> child_process::start(const process_description& description) {
  const auto& program = description.arguments.front();
  const auto arguments = pointers(description.arguments);
  const auto environment = pointers(description.environment);
  std::array<int, 2> report{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0)
    return start_failed(program, errno);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int output = ::open(description.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  const int output_error = errno;
  const pid_t parent = ::getpid();
  const pid_t pid = input >= 0 && output >= 0 ? ::fork() : -1;
  if (pid == 0)
    become_program(description, arguments.data(), environment.data(), input, output, report[1], parent);
  const int fork_error = output < 0 ? output_error : errno;
  ::close(report[1]);
  ::close(input);
  ::close(output);
  const int reason = pid < 0 ? fork_error : read_report(report[0]);
  ::close(report[0]);
  if (pid > 0 && reason != 0)
    ::waitpid(pid, nullptr, 0);
  if (reason != 0)
    return start_failed(program, reason);
  // A child that was not waited for keeps its number, so this cannot name another process.
  return child_process{pid, ::pidfd_open(pid, 0)};
}

std::optional<child_process> child_process::attach(pid_t pid) {
  const int descriptor = ::pidfd_open(pid, 0);
  if (descriptor < 0)
    return std::nullopt;
  child_process found{pid, descriptor};
  if (found.ended())
    return std::nullopt;
  return found;
}

child_process::~child_process() {
  if (descriptor_ < 0)
    return;
  [[maybe_unused]] const bool reaped = ended();
  ::close(descriptor_);
}

bool child_process::wait_for_end(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  pollfd watched{descriptor_, POLLIN, 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const int ready = ::poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready > 0)
      break;
    if (ready == 0 || errno != EINTR)
      return false;
  }
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(descriptor_), &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0)
    exit_status_ = (info.si_code == CLD_EXITED ? "exit status " : "signal ") + std::to_string(info.si_status);
  return true;
}

bool child_process::signal(int number) const { return ::pidfd_send_signal(descriptor_, number, nullptr, 0) == 0; }

std::string child_process::how_it_ended() const { return exit_status_; }

result<void> run_to_end(const process_description& description, std::chrono::milliseconds patience) {
  auto process = child_process::start(description);
  if (!process)
    return fail(process.error());
  if (!process->wait_for_end(patience)) {
    ::kill(-process->pid(), SIGKILL); // it leads a session of its own, so this ends its children as well
    [[maybe_unused]] const bool gone = process->wait_for_end(std::chrono::seconds{5});
    return fail(500, "process_failed", description.arguments.front() + " did not end in time");
  }
  if (process->how_it_ended() != "exit status 0")
    return fail(500, "process_failed", description.arguments.front() + " failed (" + process->how_it_ended() + ")");
  return {};
}

std::optional<int> do_as(const std::optional<account>& who, const plain_work& work) {
  constexpr int no_rights = 255;
  const pid_t pid = ::fork();
  if (pid == 0)
    ::_exit(who && !become(*who) ? no_rights : work());
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) == no_rights)
    return std::nullopt;
  return WEXITSTATUS(status);
}

} // namespace cued::persistence

#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "domain/error.hpp"

namespace cued::persistence {

/// An account of the machine whose rights a process can be given.
struct account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;

  [[nodiscard]] static std::optional<account> named(const std::string& name);
  [[nodiscard]] static std::optional<account> of(uid_t uid);
};

struct process_description {
  std::vector<std::string> arguments;   ///< the first is the program's absolute path
  std::vector<std::string> environment; ///< all of it: nothing is inherited
  std::optional<account> run_as;        ///< nothing: our own rights
  std::filesystem::path output;         ///< standard output and error are appended here
  int death_signal = 0;                 ///< sent by the kernel when the starting thread ends; 0: none
};

/// A process seen through a pidfd, which names this very process for ever, also after its number was given to another.
/// It need not be our child. Destruction leaves the process alone.
class child_process {
public:
  /// Starts it in a session of its own, without our descriptors, signal mask and handlers.
  /// Error: the program could not be executed, with the kernel's reason.
  [[nodiscard]] static result<child_process> start(const process_description& description);

  /// A running process by its number; nothing if there is none.
  [[nodiscard]] static std::optional<child_process> attach(pid_t pid);

  ~child_process();
  child_process(child_process&& other) noexcept
      : pid_{other.pid_}, descriptor_{std::exchange(other.descriptor_, -1)}, exit_status_{other.exit_status_} {}
  child_process& operator=(child_process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(descriptor_, other.descriptor_);
    std::swap(exit_status_, other.exit_status_);
    return *this;
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Readable once the process has ended.
  [[nodiscard]] int descriptor() const { return descriptor_; }

  [[nodiscard]] bool ended() { return wait_for_end(std::chrono::milliseconds{0}); }

  /// True if it ended within `patience`. A child of ours is reaped.
  [[nodiscard]] bool wait_for_end(std::chrono::milliseconds patience);

  /// False if it is gone already.
  bool signal(int number) const;

  /// `exit status 1`, `signal 9`; "unknown" while it runs or if it was not our child.
  [[nodiscard]] std::string how_it_ended() const;

private:
  child_process(pid_t pid, int descriptor) : pid_{pid}, descriptor_{descriptor} {}

  pid_t pid_;
  int descriptor_;
  std::string exit_status_ = "unknown";
};

/// Runs a program to its end; error if it could not be started, failed or took longer than `patience` (it is killed).
[[nodiscard]] result<void> run_to_end(const process_description& description, std::chrono::milliseconds patience);

/// Does `work` with the rights of `who` (nothing: our own) in a forked process and returns what it returns (0 to 254).
/// Between fork and exit only async-signal-safe calls are allowed: `work` must not allocate, lock or throw.
/// Nothing if the process or the rights could not be had.
using plain_work = std::function<int()>;
[[nodiscard]] std::optional<int> do_as(const std::optional<account>& who, const plain_work& work);

} // namespace cued::persistence

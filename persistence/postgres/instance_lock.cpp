#include "persistence/postgres/instance_lock.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace cued::persistence {

namespace {

std::string holder(int descriptor) {
  char text[32];
  const auto length = ::pread(descriptor, text, sizeof text, 0);
  std::string pid;
  for (ssize_t i = 0; i < length && text[i] >= '0' && text[i] <= '9'; ++i)
    pid += text[i];
  return pid.empty() ? "another process" : "process " + pid;
}

} // namespace

result<instance_lock> instance_lock::take(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0)
    return fail(500, "data_directory_unusable", "cannot open " + file.string() + ": " + std::strerror(errno));
  instance_lock lock{descriptor};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return fail(500, "data_directory_unusable", "cannot lock " + file.string() + ": " + std::strerror(errno));
    return fail(503, "data_directory_in_use",
                "the data directory " + file.parent_path().string() + " is in use by " + holder(descriptor) +
                    ". Stop that cued first, or give this one a directory of its own (--data-dir)");
  }
  // For the words above only; the lock itself is the kernel's.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, pid.data(), pid.size(), 0) < 0)
    return fail(500, "data_directory_unusable", "cannot write " + file.string() + ": " + std::strerror(errno));
  return lock;
}

instance_lock::~instance_lock() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

} // namespace cued::persistence

/// Preloaded into cued and Postgres: the wall clock of the process, moved by the seconds that stand in the file
/// CUED_TEST_CLOCK (a 64-bit number that the harness changes while they run). Clocks that only measure stay.
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

const volatile std::int64_t* moved_by = nullptr;

[[gnu::constructor]] void open_file() {
  const char* name = std::getenv("CUED_TEST_CLOCK");
  const int file = name != nullptr ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0)
    return;
  void* mapped = mmap(nullptr, sizeof *moved_by, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED)
    moved_by = static_cast<const std::int64_t*>(mapped);
}

std::int64_t seconds_ahead() { return moved_by != nullptr ? *moved_by : 0; }

} // namespace

extern "C" {

int clock_gettime(clockid_t which, timespec* out) noexcept {
  const long failed = syscall(SYS_clock_gettime, which, out);
  if (failed == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
    out->tv_sec += seconds_ahead();
  return static_cast<int>(failed);
}

int gettimeofday(timeval* out, void* /*zone*/) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr)
    *out = now.tv_sec;
  return now.tv_sec;
}
}

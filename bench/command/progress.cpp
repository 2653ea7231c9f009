#include "bench/command/progress.hpp"

#include <cstdio>

#include <unistd.h>

namespace cued::bench {
namespace {

constexpr std::chrono::seconds between_lines{5};

} // namespace

progress::progress() : terminal_{isatty(STDERR_FILENO) == 1} {}

progress::~progress() { clear(); }

void progress::tell(std::string_view line) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ && now < quiet_until_)
    return;
  quiet_until_ = now + between_lines;
  const auto* const separator = topic_.empty() ? "" : ": ";
  std::fprintf(stderr, terminal_ ? "\r\033[K%s%s%.*s" : "%s%s%.*s\n", topic_.c_str(), separator,
               static_cast<int>(line.size()), line.data());
  std::fflush(stderr);
  line_open_ = terminal_;
}

void progress::clear() {
  if (line_open_)
    std::fputs("\r\033[K", stderr);
  line_open_ = false;
}

} // namespace cued::bench

#include "config/session_secret.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

namespace cued::config {

namespace {

constexpr std::size_t secret_bytes = 32;

tl::unexpected<error> failed(const std::string& what, int reason) {
  return fail(500, "session_secret_failed", what + ": " + std::strerror(reason));
}

std::string random_hex() {
  std::array<unsigned char, secret_bytes> bytes{};
  for (std::size_t have = 0; have < bytes.size();) {
    const auto got = ::getrandom(bytes.data() + have, bytes.size() - have, 0);
    if (got > 0)
      have += static_cast<std::size_t>(got);
  }
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::optional<std::string> read_secret(const std::filesystem::path& file) {
  std::ifstream stream{file};
  std::string line;
  return std::getline(stream, line) && line.size() >= secret_bytes ? std::optional{line} : std::nullopt;
}

/// 0 or the errno. The file appears whole or not at all, and never replaces one that is there.
int publish(const std::filesystem::path& file, const std::string& secret) {
  const auto draft = file.string() + "." + std::to_string(::getpid());
  const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0)
    return errno;
  const auto text = secret + "\n";
  int reason = 0;
  if (::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(descriptor) != 0)
    reason = errno != 0 ? errno : EIO;
  ::close(descriptor);
  if (reason == 0 && ::link(draft.c_str(), file.c_str()) != 0)
    reason = errno;
  ::unlink(draft.c_str());
  return reason;
}

} // namespace

result<std::string> kept_session_secret(const std::filesystem::path& data_dir) {
  const auto file = data_dir / "session-secret";
  if (auto kept = read_secret(file))
    return *kept;
  std::error_code failure;
  std::filesystem::create_directories(data_dir, failure);
  if (failure)
    return failed("cannot make the data directory " + data_dir.string(), failure.value());
  const int reason = publish(file, random_hex());
  if (reason != 0 && reason != EEXIST)
    return failed("cannot keep a session secret in " + file.string(), reason);
  if (auto kept = read_secret(file))
    return *kept;
  return fail(500, "session_secret_failed",
              file.string() + " cannot be read or is damaged. Remove it to have a new one (which ends all sessions and "
                              "makes stored keys unreadable), or set SESSION_SECRET");
}

} // namespace cued::config

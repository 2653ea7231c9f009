#include "bench/load/wire.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

namespace cued::bench {
namespace {

/// Shared by all connections of a thread: an answer that comes whole is parsed in place.
constexpr std::size_t scratch_bytes = 64 * 1024;
thread_local std::array<char, scratch_bytes> scratch;

} // namespace

result<peer_address> peer_address::of(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found); failed != 0)
    return fail(400, "unknown_host", host + ": " + gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned{found, &freeaddrinfo};
  peer_address out;
  std::memcpy(&out.address, found->ai_addr, found->ai_addrlen);
  out.length = found->ai_addrlen;
  out.family = found->ai_family;
  return out;
}

wire::~wire() { hang_up(); }

wire::wire(wire&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)}, out_{std::move(other.out_)}, sent_{other.sent_},
      parser_{std::move(other.parser_)}, why_{std::move(other.why_)} {}

bool wire::dial(const peer_address& to) {
  hang_up();
  descriptor_ = socket(to.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) {
    why_ = std::string{"socket: "} + std::strerror(errno);
    return false;
  }
  const int yes = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&to.address), to.length) == 0 || errno == EINPROGRESS)
    return true;
  why_ = std::string{"connect: "} + std::strerror(errno);
  hang_up();
  return false;
}

bool wire::established() const {
  int failed = 0;
  socklen_t size = sizeof failed;
  return getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0;
}

void wire::hang_up() {
  if (descriptor_ >= 0)
    ::close(std::exchange(descriptor_, -1));
  parser_.reset();
}

wire::sending wire::send(std::string text) {
  out_ = std::move(text);
  sent_ = 0;
  return send_rest();
}

wire::sending wire::send_rest() {
  while (sent_ < out_.size()) {
    const auto count = ::send(descriptor_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return sending::unfinished;
    } else if (errno != EINTR) {
      why_ = std::string{"send: "} + std::strerror(errno);
      return sending::lost;
    }
  }
  return sending::done;
}

wire::reading wire::receive() {
  const auto count = recv(descriptor_, scratch.data(), scratch.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    return reading::unfinished;
  if (count <= 0) {
    why_ = count == 0 ? "the server closed the connection" : std::string{"recv: "} + std::strerror(errno);
    return reading::lost;
  }
  switch (parser_.feed({scratch.data(), static_cast<std::size_t>(count)})) {
  case answer_parser::progress::needs_more:
    return reading::unfinished;
  case answer_parser::progress::complete:
    return reading::answered;
  case answer_parser::progress::broken:
    break;
  }
  why_ = parser_.why();
  return reading::lost;
}

} // namespace cued::bench

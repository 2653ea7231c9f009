#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "bench/load/answer_parser.hpp"
#include "domain/error.hpp"

namespace cued::bench {

/// Where a server listens, looked up once.
struct peer_address {
  sockaddr_storage address{};
  socklen_t length = 0;
  int family = AF_INET;

  [[nodiscard]] static result<peer_address> of(const std::string& host, std::uint16_t port);
};

/// One TCP connection that carries one request at a time. Never blocks; the owner waits for readiness (epoll) and
/// calls.
class wire {
public:
  wire() = default;
  ~wire();
  wire(wire&& other) noexcept;
  wire& operator=(wire&&) = delete;

  /// Begins to connect: ready when the descriptor becomes writable. False: refused at once.
  [[nodiscard]] bool dial(const peer_address& to);
  /// Whether dialling has succeeded, asked once the descriptor is writable.
  [[nodiscard]] bool established() const;
  void hang_up();

  [[nodiscard]] int descriptor() const { return descriptor_; }

  enum class sending { done, unfinished, lost };
  /// Unfinished: the rest goes with send_rest() when the descriptor is writable.
  [[nodiscard]] sending send(std::string text);
  [[nodiscard]] sending send_rest();

  enum class reading { unfinished, answered, lost };
  /// Reads what is there. `why` says how it was lost.
  [[nodiscard]] reading receive();
  [[nodiscard]] const answer_parser& answer() const { return parser_; }
  [[nodiscard]] const std::string& why() const { return why_; }

private:
  int descriptor_ = -1;
  std::string out_;
  std::size_t sent_ = 0;
  answer_parser parser_;
  std::string why_;
};

} // namespace cued::bench

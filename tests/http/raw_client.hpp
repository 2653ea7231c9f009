#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cued::http::test {

/// An answer as it came over the wire.
struct wire_response {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const; ///< "" if absent
  [[nodiscard]] bool has(std::string_view name) const;
};

/// A client that sends exactly the bytes it is told to, over one connection to the loopback address, and blocks.
/// A server that never answers ends in a failed test after `patience`, not in a hanging one.
class raw_client {
public:
  static constexpr int patience_seconds = 20;

  explicit raw_client(std::uint16_t port);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  void send(std::string_view bytes);
  void finish_sending(); ///< half-closes

  /// The next answer. `to_head`: the request was HEAD, so no body follows whatever the length says.
  /// Status 0 when the connection ended before a whole answer came.
  wire_response receive(bool to_head = false);

  /// `send`, then `receive`.
  wire_response ask(std::string_view bytes);

  /// Whatever else comes until the server closes.
  std::string receive_until_closed();

private:
  bool fill(); ///< false: closed
  int socket_;
  std::string received_;
};

/// One request over a connection of its own.
[[nodiscard]] wire_response ask_once(std::uint16_t port, std::string_view bytes);

} // namespace cued::http::test

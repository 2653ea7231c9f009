#pragma once

#include <chrono>
#include <cstddef>

namespace cued::http {

/// What one client, and all of them together, can make the server hold or wait for. Source: spec/http.md §1, §5.
/// Requests of one connection are answered one after the other; what a client pipelines beyond `read_bytes` waits in
/// the kernel's buffers, so pipelining needs no limit of its own.
struct server_limits {
  std::size_t header_bytes = 64 * 1024;            ///< start line and header fields; beyond: 431
  std::size_t header_fields = 128;                 ///< beyond: 431
  std::size_t body_bytes = 1024 * 1024;            ///< declared or chunked; beyond: 413
  std::size_t first_read_bytes = 4 * 1024;         ///< what an idle connection keeps ready; most requests fit
  std::size_t read_bytes = 16 * 1024;              ///< one read of what is left of a longer request
  std::size_t linger_bytes = 4 * 1024 * 1024;      ///< thrown away before closing, so that the answer is not lost
  std::size_t connections_max = 10'000;            ///< CONNECTIONS_MAX; beyond: 503 and close
  std::size_t connections_per_address_max = 1'000; ///< CONNECTIONS_PER_ADDRESS_MAX; beyond: 429 and close
  int listen_backlog = 1024;

  std::chrono::milliseconds handshake{10'000};    ///< from accepting to the end of the TLS handshake
  std::chrono::milliseconds idle{75'000};         ///< between two requests, and before the first
  std::chrono::milliseconds header{10'000};       ///< from the first byte of a request to the end of its header block
  std::chrono::milliseconds body{30'000};         ///< from there to the end of its body
  std::chrono::milliseconds write{30'000};        ///< for the client to take an answer
  std::chrono::milliseconds linger{2'000};        ///< for the client to notice that we closed
  std::chrono::milliseconds sweep{250};           ///< how often the times above are looked at: their precision
  std::chrono::milliseconds long_handling{1'000}; ///< after that long it is looked whether the client is still there
  std::chrono::milliseconds accept_pause{100};    ///< before accepting again when no descriptor was free
  std::chrono::milliseconds last_handshake{100};  ///< for handshakes under way when the server stops
  std::chrono::milliseconds last_request{1'000};  ///< for the request of a client that had just connected at the stop
  std::chrono::milliseconds stop_grace{8'000};    ///< for requests in flight when the server stops
};

} // namespace cued::http

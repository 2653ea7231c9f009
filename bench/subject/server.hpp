#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "domain/error.hpp"
#include "persistence/postgres/child_process.hpp"

namespace cued::bench {

struct server_wish {
  std::filesystem::path program;                  ///< the binary `cued`
  std::filesystem::path data_dir;                 ///< made if it is not there; a cluster that is there is adopted
  std::map<std::string, std::string> environment; ///< settings beyond the harness' own
};

/// A server under test: a `cued` that the harness starts on a private cluster, or any that speaks the same API and is
/// given by URL (then there is no pid, and a DSN only if it was given too).
/// The destructor ends what it started (SIGTERM, then SIGKILL), and nothing else.
class server {
public:
  [[nodiscard]] static result<std::unique_ptr<server>> start(const server_wish& wish);
  [[nodiscard]] static result<std::unique_ptr<server>> at(const std::string& url, const std::string& dsn);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& dsn() const { return dsn_; } ///< empty: unknown
  [[nodiscard]] pid_t pid() const { return pid_; }              ///< < 1: not ours
  [[nodiscard]] pid_t postgres_pid() const { return postgres_pid_; }
  [[nodiscard]] std::chrono::milliseconds cold_start() const { return cold_start_; } ///< exec to the first 200

private:
  server() = default;
  std::string host_, dsn_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1, postgres_pid_ = -1;
  std::chrono::milliseconds cold_start_{0};
  std::optional<persistence::child_process> process_; ///< nothing: not ours
};

} // namespace cued::bench

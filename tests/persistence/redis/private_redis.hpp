#pragma once

#include <csignal>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "persistence/postgres/child_process.hpp"
#include "persistence/redis/redis_client.hpp"

namespace cued::test {

/// A redis-server of the test's own: a unix socket in a new folder, nothing on disk. Ends with its owner.
class private_redis {
public:
  static constexpr const char* program = "/usr/bin/redis-server";

  private_redis() : folder_{std::filesystem::temp_directory_path() / ("cued-redis-" + std::to_string(getpid()))} {
    if (!std::filesystem::exists(program))
      throw std::runtime_error(std::string{program} + " is missing; the package redis-server has it");
    std::filesystem::create_directories(folder_);
    start();
  }
  ~private_redis() {
    kill();
    std::filesystem::remove_all(folder_);
  }
  private_redis(const private_redis&) = delete;
  private_redis& operator=(const private_redis&) = delete;

  void start() {
    persistence::process_description what;
    what.arguments = {program, "--port",       "0",    "--unixsocket", socket(),         "--save",
                      "",      "--appendonly", "no",   "--dir",        folder_.string(), "--user",
                      "ann",   "on",           ">a%b", "~*",           "+@all"};
    what.output = folder_ / "redis.log";
    what.death_signal = SIGKILL;
    auto started = persistence::child_process::start(what);
    if (!started)
      throw std::runtime_error(started.error().message);
    process_ = std::make_unique<persistence::child_process>(std::move(*started));
    wait_until_ready();
  }

  /// As a crash does it.
  void kill() {
    if (!process_)
      return;
    process_->signal(SIGKILL);
    EXPECT_TRUE(process_->wait_for_end(std::chrono::seconds{30})) << "redis-server outlived SIGKILL";
    process_.reset();
  }

  /// Alive, and answers nobody.
  void freeze() const { process_->signal(SIGSTOP); }
  void thaw() const { process_->signal(SIGCONT); }

  [[nodiscard]] std::string socket() const { return (folder_ / "redis.sock").string(); }

  [[nodiscard]] persistence::redis_settings settings() const {
    persistence::redis_settings out;
    out.address.socket_path = socket();
    out.first_pause = std::chrono::milliseconds{10};
    out.longest_pause = std::chrono::milliseconds{50};
    return out;
  }

private:
  void wait_until_ready() {
    persistence::redis_client asking{settings()};
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!asking.ask_together_and_wait({{"PING"}})) {
      if (process_->ended() || std::chrono::steady_clock::now() > until)
        throw std::runtime_error("redis-server does not start; see " + (folder_ / "redis.log").string());
      std::this_thread::yield();
    }
  }

  std::filesystem::path folder_;
  std::unique_ptr<persistence::child_process> process_;
};

} // namespace cued::test

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/redis_url.hpp"
#include "domain/error.hpp"

struct redisContext;

namespace cued::persistence {

/// How long a request waits for Redis at the most, before it goes on without.
inline constexpr std::chrono::milliseconds redis_patience{250};

/// What Redis answered.
struct redis_reply {
  enum class kind { nothing, text, integer, list };
  kind what = kind::nothing;
  std::string text;
  std::int64_t integer = 0;
  std::vector<redis_reply> elements;
};

struct redis_settings {
  config::redis_address address;
  std::chrono::milliseconds timeout{1'000}; ///< to connect, and for each answer
  std::size_t queue_limit = 10'000;         ///< jobs; beyond it they are refused at once
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{5'000};
  std::function<void()> on_error; ///< once per job that Redis did not do; any thread
};

/// A Lua script, which Redis runs as one step that nothing can come between. It knows one again by its SHA-1.
struct redis_script {
  explicit redis_script(std::string source);
  std::string text, sha1;
};

/// Redis as something nice to have: one connection on a thread of its own, made when the first job comes. Jobs are sent
/// in the order in which they came, many at a time. While Redis is away every job is refused at once, the thread tries
/// again with growing pauses, and the log says so once per outage. A job that was under way when the connection broke
/// is refused and not repeated, for it may have been done.
/// Callers: any thread; none is ever blocked (but in ask_and_wait) and nothing is thrown at them.
/// Destruction sends what is queued if Redis is there, and refuses it otherwise.
class redis_client {
public:
  using command = std::vector<std::string>;
  using callback = std::function<void(result<redis_reply>)>;

  explicit redis_client(redis_settings settings);
  ~redis_client();
  redis_client(const redis_client&) = delete;
  redis_client& operator=(const redis_client&) = delete;

  /// Nobody waits for the answer.
  void send(command what) { enqueue({{std::move(what)}, {}}); }

  /// `done` is called exactly once, on this client's thread or, when the job is refused, before the call returns. It
  /// must neither block nor throw. Error 503: Redis is not there; 502: it answered with an error.
  void ask(command what, callback done) { enqueue({{std::move(what)}, std::move(done)}); }

  /// The script is sent in full only if Redis does not know it, and then behind what was queued meanwhile.
  void run_script(const redis_script& what, const std::vector<std::string>& keys,
                  const std::vector<std::string>& arguments, callback done);

  /// All of the commands or none (MULTI, EXEC). The answer is a list, one member for each command.
  void ask_together(std::vector<command> what, callback done);

  /// For threads that may block, for a little longer than the time-out.
  [[nodiscard]] result<redis_reply> ask_together_and_wait(std::vector<command> what);

  /// Whether it answered last time it was spoken to. True before the first job.
  [[nodiscard]] bool available() const { return !away_.load(); }

private:
  struct job {
    std::vector<command> commands;
    callback done; ///< receives the answer to the last command
  };
  struct free_context {
    void operator()(redisContext* c) const;
  };
  using link = std::unique_ptr<redisContext, free_context>;

  void enqueue(job work);
  void refuse(const job& work, error why) const;
  void serve();
  result<link> connect() const;
  void lose(std::unique_lock<std::mutex>& lock, const std::string& why, std::deque<job> unanswered);
  std::deque<job> take_batch();
  /// Why the connection broke, the jobs without an answer being left in the batch; empty: it did not break.
  [[nodiscard]] std::string run(std::deque<job>& batch);

  redis_settings settings_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<job> jobs_;
  bool closing_ = false;
  std::atomic<bool> away_{false};
  link link_;                       ///< the thread's
  std::chrono::milliseconds pause_; ///< the thread's: before it tries to connect again
  std::thread thread_;
};

} // namespace cued::persistence

#include "persistence/redis/redis_rate_limiter.hpp"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <spdlog/spdlog.h>

#include "persistence/redis/patience.hpp"
#include "security/local_rate_limiter.hpp"
#include "security/rate_window.hpp"

namespace cued::persistence {
namespace {

using security::counter_decision;
using security::rate_decision;
using security::rate_window;

constexpr std::chrono::seconds window_kept{70}; // by Redis, from the last request that passed
constexpr std::size_t member_random_bytes = 4;

/// Key: the window. Arguments: now, the end of what has left the window, limit, member, seconds to keep.
/// Answer: whether it passes, how many are in the window with it, and the score of the oldest if it does not.
const redis_script window_script{R"lua(
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
local used = redis.call('ZCARD', KEYS[1])
if used >= tonumber(ARGV[3]) then
  return {0, used, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]}
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return {1, used + 1, ''}
)lua"};

/// Key: the counter. Argument: seconds it lives from the first call on. Answer: calls with this one, seconds left.
/// A counter that some crash has left without an end gets one.
const redis_script counter_script{R"lua(
local calls = redis.call('INCR', KEYS[1])
local left = redis.call('TTL', KEYS[1])
if left < 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {calls, left}
)lua"};

/// Unix seconds to the microsecond. A double tells these apart until the year 2242.
std::string seconds_text(instant at) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
  char out[32];
  std::snprintf(out, sizeof out, "%lld.%06lld", static_cast<long long>(micros / 1'000'000),
                static_cast<long long>(micros % 1'000'000));
  return out;
}

instant read_seconds(const std::string& text) {
  return instant{std::chrono::microseconds{std::llround(std::strtod(text.c_str(), nullptr) * 1e6)}};
}

std::optional<rate_decision> read_window(const redis_reply& answer, int limit, instant now) {
  if (answer.elements.size() != 3)
    return std::nullopt;
  if (answer.elements[0].integer == 1)
    return security::passed_decision(limit, static_cast<int>(answer.elements[1].integer), now);
  return security::refused_decision(limit, read_seconds(answer.elements[2].text), now);
}

std::optional<counter_decision> read_counter(const redis_reply& answer, int limit) {
  if (answer.elements.size() != 2)
    return std::nullopt;
  if (answer.elements[0].integer <= limit)
    return counter_decision{true, 0};
  return counter_decision{false, static_cast<int>(std::max<std::int64_t>(1, answer.elements[1].integer))};
}

} // namespace

/// What this process knows by itself, and how Redis has been lately.
class redis_rate_limiter::windows : public std::enable_shared_from_this<windows> {
public:
  windows(const time_source& clock, settings chosen)
      : local{clock}, clock_{clock}, on_fallback_{std::move(chosen.on_fallback)}, patience_{chosen.patience} {}

  security::local_rate_limiter local;

  /// Asks Redis by `ask(callback)` and decides by `read(answer)`; or, if it does not answer in time or not sensibly, by
  /// `decide_here()`. Exactly one of `done` and `decide_here` is called.
  template <class Decision, class Ask, class Read>
  void decide(const Ask& ask, Read read, std::function<void(Decision)> done, const std::function<void()>& decide_here) {
    // Not by shared pointers: whoever is still waiting is answered before this object goes.
    const auto fall_back = [this, decide_here] {
      if (on_fallback_)
        on_fallback_();
      decide_here();
    };
    if (patience_.somebody_is_late()) {
      fall_back();
      return ask([](const result<redis_reply>&) {}); // it counts there too, when Redis comes to it
    }
    auto question = patience_.begin([this, fall_back] {
      counts_here();
      fall_back();
    });
    ask([self = shared_from_this(), question = std::move(question), read = std::move(read), done = std::move(done),
         fall_back](const result<redis_reply>& answer) {
      if (!question->take())
        return self->patience_.came_late();
      if (answer)
        self->redis_works();
      else if (answer.error().status == 503)
        self->redis_is_away();
      const auto decision = answer ? read(*answer) : std::nullopt;
      if (!decision)
        return fall_back();
      done(*decision);
    });
  }

  /// Whether this process has to agree: Redis has come back and may have forgotten what it was told.
  [[nodiscard]] bool may_have_forgotten() const {
    const auto since = clock_.now() - instant{std::chrono::microseconds{back_since_micros_.load()}};
    return since >= std::chrono::seconds{0} && since < rate_window::length;
  }

private:
  void counts_here() {
    if (!counting_here_.exchange(true))
      spdlog::warn("Redis is away or slow; rate limits are counted in this process");
  }
  void redis_is_away() {
    was_away_ = true;
    counts_here();
  }
  void redis_works() {
    if (!counting_here_.load() || !counting_here_.exchange(false))
      return;
    if (was_away_.exchange(false))
      back_since_micros_ = clock_.now().time_since_epoch() / std::chrono::microseconds{1};
    spdlog::info("rate limits are counted in Redis again");
  }

  const time_source& clock_;
  std::function<void()> on_fallback_;
  std::atomic<bool> counting_here_{false};
  std::atomic<bool> was_away_{false}; ///< not only slow: the connection was lost
  std::atomic<std::int64_t> back_since_micros_{0};
  patience patience_; ///< the last member, so that its thread ends before the others go
};

redis_rate_limiter::redis_rate_limiter(redis_client& redis, const time_source& clock, security::random_source& random,
                                       settings chosen)
    : redis_{redis}, clock_{clock}, random_{random}, windows_{std::make_shared<windows>(clock, std::move(chosen))} {}

redis_rate_limiter::~redis_rate_limiter() = default;

void redis_rate_limiter::admit(std::string key, int limit, std::function<void(rate_decision)> done) {
  const auto now = clock_.now();
  if (limit < 1)
    return done(security::refused_decision(limit, now, now));
  if (windows_->may_have_forgotten()) {
    int passed_here = 0;
    windows_->local.passed(key, [&](int n) { passed_here = n; });
    if (passed_here >= limit)
      return windows_->local.admit(std::move(key), limit, std::move(done));
  }
  const auto at = seconds_text(now);
  const std::vector<std::string> arguments{at, seconds_text(now - rate_window::length), std::to_string(limit),
                                           at + ':' + security::random_hex(random_, member_random_bytes),
                                           std::to_string(window_kept.count())};
  auto& local = windows_->local;
  // What passes is noted here as well, so that this process can go on alone at any moment.
  const auto noted = [&local, key, limit, done](rate_decision said) {
    if (said.allowed)
      local.admit(key, limit, [](const rate_decision&) {});
    done(said);
  };
  windows_->decide<rate_decision>(
      [&](redis_client::callback answer) { redis_.run_script(window_script, {key}, arguments, std::move(answer)); },
      [limit, now](const redis_reply& answer) { return read_window(answer, limit, now); }, noted,
      [&local, key, limit, done] { local.admit(key, limit, done); });
}

void redis_rate_limiter::passed(std::string key, std::function<void(int)> done) {
  const redis_client::command ask{"ZCOUNT", key, '(' + seconds_text(clock_.now() - rate_window::length), "+inf"};
  auto& local = windows_->local;
  windows_->decide<int>([&](redis_client::callback answer) { redis_.ask(ask, std::move(answer)); },
                        [](const redis_reply& answer) { return std::optional{static_cast<int>(answer.integer)}; }, done,
                        [&local, key, done] { local.passed(key, done); });
}

void redis_rate_limiter::count(std::string key, int limit, std::chrono::seconds window,
                               std::function<void(counter_decision)> done) {
  auto& local = windows_->local;
  const auto noted = [&local, key, limit, window, done](counter_decision said) {
    if (said.allowed)
      local.count(key, limit, window, [](const counter_decision&) {});
    done(said);
  };
  windows_->decide<counter_decision>(
      [&](redis_client::callback answer) {
        redis_.run_script(counter_script, {key}, {std::to_string(window.count())}, std::move(answer));
      },
      [limit](const redis_reply& answer) { return read_counter(answer, limit); }, noted,
      [&local, key, limit, window, done] { local.count(key, limit, window, done); });
}

} // namespace cued::persistence

#include "http/routes/health_monitor.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "http/waiting.hpp"

namespace cued::http {

using boost::asio::awaitable;
using reading = result<persistence::health_counts>;
using steady = std::chrono::steady_clock;

struct health_monitor::state {
  std::mutex mutex;
  std::optional<reading> last;
  steady::time_point good_until;
  bool looking = false;
  std::vector<std::function<void(reading)>> waiting; ///< for the look under way

  std::optional<reading> fresh() {
    const std::lock_guard lock{mutex};
    return last && steady::now() < good_until ? last : std::nullopt;
  }

  /// True for the one who has to look.
  bool wait(std::function<void(reading)> resume) {
    const std::lock_guard lock{mutex};
    waiting.push_back(std::move(resume));
    return !std::exchange(looking, true);
  }

  void found(const reading& now_known, steady::duration took) {
    std::vector<std::function<void(reading)>> told;
    {
      const std::lock_guard lock{mutex};
      last = now_known;
      good_until = steady::now() + std::max<steady::duration>(kept_for, took * kept_for_durations);
      looking = false;
      told.swap(waiting);
    }
    for (const auto& resume : told)
      resume(now_known);
  }
};

health_monitor::health_monitor() : state_{std::make_shared<state>()} {}
health_monitor::~health_monitor() = default;

awaitable<reading> health_monitor::counts(services& with) {
  if (auto known = state_->fresh())
    co_return std::move(*known);
  reading unanswered = fail(unavailable("The database did not answer in time"));
  const auto look = [&with, board = state_](std::function<void(reading)> resume) {
    if (!board->wait(std::move(resume)))
      return;
    const bool accepted = with.database.submit([board, now = with.clock.now()](persistence::connection& link) {
      const auto began = steady::now();
      const auto found = persistence::read_health(link, now);
      board->found(found, steady::now() - began);
    });
    if (!accepted)
      board->found(fail(detail::database_queue_full()), {});
  };
  co_return co_await answer_within<reading>(patience, std::move(unanswered), look);
}

} // namespace cued::http

#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "domain/error.hpp"
#include "http/waiting.hpp"
#include "persistence/postgres/pool.hpp"

namespace cued::http {

/// How much of one kind of look-up may be under way.
struct batch_limits {
  std::size_t rows = 1'000;     ///< of one statement
  std::size_t in_flight = 2;    ///< statements at once: one is in Postgres while the other's answers are written
  std::size_t waiting = 10'000; ///< beyond: 503
};

/// Look-ups of one kind, read together: what comes while statements are in Postgres is the next statement. No timer:
/// alone, a look-up waits for nobody. What is read was asked for before its statement began, never after, so whoever
/// has been told of a write reads it.
///
/// A statement that fails for want of the database fails for all who are in it; one that fails otherwise is repeated
/// for each of them alone, so that a row that cannot be read harms only those who ask for it.
/// Owner: main. Uses threads of the database pool, which outlives it, and lets others' jobs pass between its own.
/// Thread: find() on any I/O thread; all answers of a statement for one thread resume there in one go. Destruction
/// waits for what is in flight.
template <class Key, class Answer>
class batched_reader {
public:
  /// One answer for each key, in their order. Runs on a thread of the pool.
  using read_all = std::function<result<std::vector<result<Answer>>>(persistence::connection&, std::span<const Key>)>;

  batched_reader(persistence::pool& database, read_all read, batch_limits limits = {})
      : database_{database}, read_{std::move(read)}, limits_{limits} {}

  ~batched_reader() {
    std::unique_lock lock{mutex_};
    idle_.wait(lock, [this] { return in_flight_ == 0; });
  }
  batched_reader(const batched_reader&) = delete;
  batched_reader& operator=(const batched_reader&) = delete;

  /// 503 `service_unavailable` when too much waits already.
  [[nodiscard]] boost::asio::awaitable<result<Answer>> find(Key key) {
    auto begin = [this, &key](auto completion) { ask(std::move(key), std::move(completion)); };
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(result<Answer>)>(
        begin, boost::asio::use_awaitable);
  }

private:
  // -- who waits ----------------------------------------------------------
  class asker;
  using askers = std::vector<std::unique_ptr<asker>>;

  /// A suspended coroutine, whatever its completion is made of.
  class asker {
  public:
    explicit asker(Key k) : key{std::move(k)} {}
    virtual ~asker() = default;
    virtual boost::asio::execution_context& thread() = 0;
    virtual void resume() = 0;                      ///< on its own thread
    virtual void resume_there(askers together) = 0; ///< all of these, from any thread; they share this one's

    Key key;
    std::optional<result<Answer>> answer;
  };

  template <class Completion>
  class suspended_asker final : public asker {
  public:
    suspended_asker(Key k, Completion completion)
        : asker{std::move(k)}, completion_{std::move(completion)}, work_{boost::asio::make_work_guard(completion_)} {}

    boost::asio::execution_context& thread() override {
      return boost::asio::query(work_.get_executor(), boost::asio::execution::context);
    }
    void resume() override {
      auto completion = std::move(completion_);
      std::move(completion)(std::move(*this->answer));
    }
    void resume_there(askers together) override {
      const auto alive = work_; // they may all be gone before post() has let go of their thread's queue
      boost::asio::post(alive.get_executor(), [together = std::move(together)] {
        for (const auto& one : together)
          one->resume();
      });
    }

  private:
    Completion completion_;
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Completion>> work_;
  };

  template <class Completion>
  void ask(Key key, Completion completion) {
    std::unique_ptr<asker> one = std::make_unique<suspended_asker<Completion>>(std::move(key), std::move(completion));
    bool begin = false;
    {
      const std::lock_guard lock{mutex_};
      if (waiting_.size() < limits_.waiting) {
        waiting_.push_back(std::move(one));
        begin = in_flight_ < limits_.in_flight;
        in_flight_ += begin ? 1 : 0;
      }
    }
    if (one) {
      askers refused;
      refused.push_back(std::move(one));
      give_all(std::move(refused), detail::database_queue_full());
    } else if (begin && !submit()) {
      step_back();
    }
  }

  // -- statements ---------------------------------------------------------
  [[nodiscard]] bool submit() {
    return database_.submit([this](persistence::connection& link) { serve(link); });
  }

  /// One statement after the other, until nobody waits.
  void serve(persistence::connection& link) {
    for (auto batch = next_batch(); !batch.empty(); batch = next_batch()) {
      read(link, batch);
      hand_over(std::move(batch));
      if (database_.waiting() > 0 && submit()) // others' turn
        return;
    }
  }

  /// Empty: nobody waits, and this statement's place is free again.
  [[nodiscard]] askers next_batch() {
    const std::lock_guard lock{mutex_};
    if (waiting_.empty())
      leave();
    if (waiting_.size() <= limits_.rows)
      return std::exchange(waiting_, {});
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(limits_.rows);
    askers batch{std::move_iterator{waiting_.begin()}, std::move_iterator{end}};
    waiting_.erase(waiting_.begin(), end);
    return batch;
  }

  /// The pool takes no more jobs: those who wait are somebody else's to answer, or there is nobody to do it.
  void step_back() {
    askers left;
    {
      const std::lock_guard lock{mutex_};
      leave();
      if (in_flight_ == 0)
        left = std::exchange(waiting_, {});
    }
    give_all(std::move(left), detail::database_queue_full());
  }

  void leave() { // locked
    --in_flight_;
    idle_.notify_all();
  }

  // -- answers ------------------------------------------------------------
  void read(persistence::connection& link, askers& batch) {
    std::vector<Key> keys;
    keys.reserve(batch.size());
    for (auto& one : batch)
      keys.push_back(std::move(one->key));
    auto answers = ask_database(link, keys);
    const bool each_alone = !answers && answers.error().status != 503 && keys.size() > 1;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (each_alone)
        batch[i]->answer = alone(link, keys[i]);
      else if (answers)
        batch[i]->answer = std::move(answers->at(i));
      else
        batch[i]->answer = fail(answers.error());
    }
  }

  result<std::vector<result<Answer>>> ask_database(persistence::connection& link, std::span<const Key> keys) {
    auto work = [&](persistence::connection& c) { return read_(c, keys); };
    return detail::run_guarded<result<std::vector<result<Answer>>>>(work, link);
  }

  result<Answer> alone(persistence::connection& link, const Key& key) {
    auto answers = ask_database(link, {&key, 1});
    if (!answers)
      return fail(std::move(answers.error()));
    return std::move(answers->at(0));
  }

  static void give_all(askers all, const error& why) {
    for (auto& one : all)
      one->answer = fail(why);
    hand_over(std::move(all));
  }

  /// One message to each I/O thread.
  static void hand_over(askers answered) {
    while (!answered.empty()) {
      auto& thread = answered.front()->thread();
      askers here, elsewhere;
      for (auto& one : answered)
        (&one->thread() == &thread ? here : elsewhere).push_back(std::move(one));
      auto& first = *here.front();
      first.resume_there(std::move(here));
      answered = std::move(elsewhere);
    }
  }

  persistence::pool& database_;
  const read_all read_;
  const batch_limits limits_;
  std::mutex mutex_;
  std::condition_variable idle_;
  askers waiting_; ///< in the order in which they came
  std::size_t in_flight_ = 0;
};

} // namespace cued::http

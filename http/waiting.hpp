#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "actors/reply.hpp"
#include "domain/error.hpp"
#include "http/resumptions.hpp"
#include "http/services.hpp"
#include "persistence/postgres/pool.hpp"

/// How a handler waits for somebody who answers on another thread: the coroutine is suspended, the I/O thread goes on
/// with other connections, and the coroutine is resumed on its own I/O thread with the answer.
/// Everything here returns errors as values; nothing throws into the handler.
///
/// g++ 12 destroys some temporaries of a `co_await` expression twice: lambdas that hold something with a destructor,
/// aggregates made with braces, and the branches of `?:`. So lambdas given to these functions capture by reference, or
/// have a name of their own before; a static_assert sees to it.
namespace cued::http {

namespace detail {

template <class Callable>
inline constexpr bool survives_awaiting =
    std::is_lvalue_reference_v<Callable> || std::is_trivially_destructible_v<Callable>;

/// A suspended coroutine and the promise that its I/O thread stays alive until it was resumed. Made on that thread.
template <class Answer, class Completion>
class suspended : public resumption {
public:
  explicit suspended(Completion completion)
      : completion_{std::move(completion)}, work_{boost::asio::make_work_guard(completion_)},
        thread_{resumptions::of(boost::asio::query(work_.get_executor(), boost::asio::execution::context))} {}

  void resume() override {
    const auto alive = std::move(work_);
    auto completion = std::move(completion_);
    std::move(completion)(std::move(*answer_));
  }

protected:
  /// Hands `self`, which is this, to its I/O thread.
  void resume_with(Answer answer, std::shared_ptr<resumption> self) {
    answer_.emplace(std::move(answer));
    const auto thread = std::move(thread_);
    thread->put(std::move(self));
  }

private:
  Completion completion_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Completion>> work_;
  std::shared_ptr<resumptions> thread_;
  std::optional<Answer> answer_;
};

/// One that waits for a callback.
template <class Answer, class Completion>
class called final : public suspended<Answer, Completion>,
                     public std::enable_shared_from_this<called<Answer, Completion>> {
public:
  using suspended<Answer, Completion>::suspended;
  void give(Answer answer) { this->resume_with(std::move(answer), this->shared_from_this()); }
};

/// One that waits for an actor.
template <class T, class Completion>
class asked final : public suspended<result<T>, Completion>,
                    public actors::promise<T>,
                    public std::enable_shared_from_this<asked<T, Completion>> {
public:
  using waiting = suspended<result<T>, Completion>;
  explicit asked(Completion completion) : waiting{std::move(completion)} {}
  explicit asked(waiting&& dying) : waiting{std::move(dying)} {}

  /// Dying unanswered, it leaves the coroutine to an heir who answers.
  ~asked() override {
    if (this->kept())
      return;
    auto heir = std::make_shared<asked>(static_cast<waiting&&>(*this));
    heir->place = std::move(this->place);
    heir->keep(actors::nobody_answered<T>());
  }

private:
  void deliver(result<T> answer) override { this->resume_with(std::move(answer), this->shared_from_this()); }
};

/// Of several answers, from several threads, the first.
template <class Answer>
class first_answer {
public:
  explicit first_answer(std::function<void(Answer)> resume) : resume_{std::move(resume)} {}

  void give(Answer answer) {
    if (!given_.exchange(true))
      std::exchange(resume_, nullptr)(std::move(answer));
  }

private:
  std::atomic<bool> given_{false};
  std::function<void(Answer)> resume_;
};

template <class Answer, class Start>
boost::asio::awaitable<Answer> await_answer(Start start) {
  auto initiation = [&start](auto completion) {
    using waiting = called<Answer, decltype(completion)>;
    auto coroutine = std::make_shared<waiting>(std::move(completion));
    start([coroutine](Answer answer) { coroutine->give(std::move(answer)); });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Answer)>(
      initiation, boost::asio::use_awaitable);
}

template <class T, class Question>
boost::asio::awaitable<result<T>> await_reply(Question question) {
  auto initiation = [&question](auto completion) {
    question(actors::reply<T>{std::make_shared<asked<T, decltype(completion)>>(std::move(completion))});
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(result<T>)>(
      initiation, boost::asio::use_awaitable);
}

template <class Answer, class Start>
boost::asio::awaitable<Answer> await_answer_within(std::chrono::milliseconds limit, Answer otherwise, Start start) {
  auto timer = std::make_shared<boost::asio::steady_timer>(co_await boost::asio::this_coro::executor, limit);
  const auto begin = [&](std::function<void(Answer)> resume) {
    auto first = std::make_shared<first_answer<Answer>>(std::move(resume));
    timer->async_wait([first, timer, otherwise](const boost::system::error_code&) { first->give(otherwise); });
    start([first](Answer given) { first->give(std::move(given)); });
  };
  auto answer = co_await await_answer<Answer>(begin);
  timer->cancel();
  co_return answer;
}

[[nodiscard]] error database_queue_full();
[[nodiscard]] error explain_escaped_exception(); ///< of the exception in flight; logs it

template <class Answer, class Work>
Answer run_guarded(Work& work, persistence::connection& connection) {
  try {
    return work(connection);
  } catch (...) {
    return fail(explain_escaped_exception());
  }
}

template <class Answer, class Work>
boost::asio::awaitable<Answer> await_database(services& with, Work work) {
  const auto begin = [&with, &work](std::function<void(Answer)> resume) {
    const bool accepted = with.database.submit(
        [&work, resume](persistence::connection& link) { resume(run_guarded<Answer>(work, link)); });
    if (!accepted)
      resume(fail(database_queue_full()));
  };
  co_return co_await await_answer<Answer>(begin);
}

} // namespace detail

/// For whoever answers by callback. `start` receives one (copyable) that must be called exactly once, from any thread.
template <class Answer, class Start>
[[nodiscard]] boost::asio::awaitable<Answer> answer_of(Start&& start) {
  static_assert(detail::survives_awaiting<Start>, "capture by reference, or give the lambda a name first");
  return detail::await_answer<Answer, std::decay_t<Start>>(std::forward<Start>(start));
}

/// The same with a time limit: whoever has not called by then is answered for by `otherwise`, and what he says later
/// is dropped. `start` must not refer to the waiting coroutine, which may be gone by then.
template <class Answer, class Start>
[[nodiscard]] boost::asio::awaitable<Answer> answer_within(std::chrono::milliseconds limit, Answer otherwise,
                                                           Start&& start) {
  static_assert(detail::survives_awaiting<Start>, "capture by reference, or give the lambda a name first");
  return detail::await_answer_within<Answer, std::decay_t<Start>>(limit, std::move(otherwise),
                                                                  std::forward<Start>(start));
}

/// Runs `work` (`result<T>(persistence::connection&)`) on a thread of the database pool.
/// 503 `service_unavailable` when too much waits for the database already. References captured by `work` may point
/// into the waiting coroutine: it stays where it is until `work` has returned.
template <class Work>
[[nodiscard]] auto on_database(services& with, Work&& work)
    -> boost::asio::awaitable<std::invoke_result_t<std::decay_t<Work>&, persistence::connection&>> {
  static_assert(detail::survives_awaiting<Work>, "capture by reference, or give the lambda a name first");
  using answer = std::invoke_result_t<std::decay_t<Work>&, persistence::connection&>;
  return detail::await_database<answer, std::decay_t<Work>>(with, std::forward<Work>(work));
}

/// Asks an actor. `question` receives the reply to hand over:
///   auto grant = co_await ask<actors::claim_grant>([&](auto reply) { with.engine.claim(asked, std::move(reply)); });
template <class T, class Question>
[[nodiscard]] boost::asio::awaitable<result<T>> ask(Question&& question) {
  static_assert(detail::survives_awaiting<Question>, "capture by reference, or give the lambda a name first");
  return detail::await_reply<T, std::decay_t<Question>>(std::forward<Question>(question));
}

} // namespace cued::http

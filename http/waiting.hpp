#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "actors/reply.hpp"
#include "domain/error.hpp"
#include "http/services.hpp"
#include "persistence/postgres/pool.hpp"

/// How a handler waits for somebody who answers on another thread: the coroutine is suspended, the I/O thread goes on
/// with other connections, and the coroutine is resumed on its own I/O thread with the answer.
/// Everything here returns errors as values; nothing throws into the handler.
namespace cued::http {

namespace detail {

/// A suspended coroutine and the promise that its I/O thread stays alive until it was resumed.
template <class Answer, class Completion>
class suspended {
public:
  explicit suspended(Completion completion)
      : completion_{std::move(completion)}, work_{boost::asio::make_work_guard(completion_)} {}

  void resume(Answer answer) {
    boost::asio::post(work_.get_executor(),
                      [completion = std::move(completion_), answer = std::move(answer)]() mutable {
                        std::move(completion)(std::move(answer));
                      });
    work_.reset();
  }

private:
  Completion completion_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Completion>> work_;
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

} // namespace detail

/// For whoever answers by callback. `start` receives one (copyable) that must be called exactly once, from any thread.
template <class Answer, class Start>
boost::asio::awaitable<Answer> answer_of(Start start) {
  auto initiation = [&start](auto completion) {
    using waiting = detail::suspended<Answer, decltype(completion)>;
    auto coroutine = std::make_shared<waiting>(std::move(completion));
    start([coroutine](Answer answer) { coroutine->resume(std::move(answer)); });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Answer)>(
      initiation, boost::asio::use_awaitable);
}

/// The same with a time limit: whoever has not called by then is answered for by `otherwise`, and what he says later
/// is dropped. `start` must not refer to the waiting coroutine, which may be gone by then.
template <class Answer, class Start>
boost::asio::awaitable<Answer> answer_within(std::chrono::milliseconds limit, Answer otherwise, Start start) {
  const auto executor = co_await boost::asio::this_coro::executor;
  co_return co_await answer_of<Answer>([&](std::function<void(Answer)> resume) {
    auto first = std::make_shared<detail::first_answer<Answer>>(std::move(resume));
    auto timer = std::make_shared<boost::asio::steady_timer>(executor, limit);
    timer->async_wait([first, timer, otherwise](const boost::system::error_code&) { first->give(otherwise); });
    start([first](Answer answer) { first->give(std::move(answer)); });
  });
}

/// Runs `work` (`result<T>(persistence::connection&)`) on a thread of the database pool.
/// 503 `service_unavailable` when too much waits for the database already. References captured by `work` may point
/// into the waiting coroutine: it stays where it is until `work` has returned.
template <class Work>
auto on_database(services& with, Work work)
    -> boost::asio::awaitable<std::invoke_result_t<Work&, persistence::connection&>> {
  using answer = std::invoke_result_t<Work&, persistence::connection&>;
  co_return co_await answer_of<answer>([&with, &work](std::function<void(answer)> resume) {
    const bool accepted = with.database.submit(
        [&work, resume](persistence::connection& link) { resume(detail::run_guarded<answer>(work, link)); });
    if (!accepted)
      resume(fail(detail::database_queue_full()));
  });
}

/// Asks an actor. `question` receives the reply to hand over:
///   auto grant = co_await ask<actors::claim_grant>([&](auto reply) { with.engine.claim(asked, std::move(reply)); });
template <class T, class Question>
auto ask(Question question) -> boost::asio::awaitable<result<T>> {
  co_return co_await answer_of<result<T>>(
      [&question](std::function<void(result<T>)> resume) { question(actors::reply<T>{std::move(resume)}); });
}

} // namespace cued::http

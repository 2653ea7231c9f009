#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "domain/error.hpp"

namespace cued::actors {

/// The way back to whoever waits for an answer from an actor. Copies share one promise, which is kept exactly once:
/// by the first call, or, when the last copy dies unanswered (its actor threw, its mailbox was dropped, the system
/// went down), by an error 503 `service_unavailable`. So nobody waits in vain.
/// Thread: any. The callback runs on the thread that answers and must only hand over.
template <class T>
class reply {
public:
  reply() = default;
  explicit reply(std::function<void(result<T>)> callback) : promise_{std::make_shared<promise>(std::move(callback))} {}

  void operator()(result<T> answer) const {
    if (promise_)
      promise_->keep(std::move(answer));
  }

private:
  struct promise {
    explicit promise(std::function<void(result<T>)> f) : callback{std::move(f)} {}
    promise(const promise&) = delete;
    promise& operator=(const promise&) = delete;
    ~promise() {
      keep(tl::unexpected<error>(unavailable("The part of the server in charge of this request was restarted")));
    }

    void keep(result<T> answer) {
      if (auto f = std::exchange(callback, nullptr))
        f(std::move(answer));
    }

    std::function<void(result<T>)> callback;
  };
  std::shared_ptr<promise> promise_;
};

} // namespace cued::actors

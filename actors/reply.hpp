#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "domain/error.hpp"

namespace cued::actors {

/// One of a bounded number of places, given back when it is destroyed. Move-only. Thread: any.
class seat {
public:
  using counter = std::shared_ptr<std::atomic<std::size_t>>; ///< how many are taken

  seat() = default;
  /// For a place that `taken` counts already.
  explicit seat(counter taken) : taken_{std::move(taken)} {}
  seat(seat&&) noexcept = default;
  seat& operator=(seat&& other) noexcept {
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~seat() {
    if (taken_)
      taken_->fetch_sub(1);
  }

private:
  counter taken_;
};

/// What a reply stands for: whoever waits is told once, in the way that the class derived from this knows. That class
/// is final, and its destructor answers 503 if nobody has answered: `if (!kept()) keep(nobody_answered<T>());` Thread:
/// any, one at a time.
template <class T>
class promise {
public:
  promise() = default;
  promise(const promise&) = delete;
  promise& operator=(const promise&) = delete;
  virtual ~promise() = default;

  void keep(result<T> answer) {
    if (std::exchange(kept_, true))
      return;
    { const seat left = std::move(place); }
    deliver(std::move(answer));
  }

  seat place; ///< given back just before the answer

protected:
  [[nodiscard]] bool kept() const { return kept_; }

private:
  virtual void deliver(result<T> answer) = 0; ///< must only hand over

  bool kept_ = false;
};

template <class T>
[[nodiscard]] result<T> nobody_answered() {
  return tl::unexpected<error>(unavailable("The part of the server in charge of this request was restarted"));
}

/// The way back to whoever waits for an answer from an actor. Copies share one promise, which is kept exactly once:
/// by the first call, or, when the last copy dies unanswered (its actor threw, its mailbox was dropped, the system
/// went down), by an error 503 `service_unavailable`. So nobody waits in vain.
/// Thread: any. The callback runs on the thread that answers and must only hand over.
template <class T>
class reply {
public:
  reply() = default;
  explicit reply(std::function<void(result<T>)> callback) : promise_{std::make_shared<call>(std::move(callback))} {}
  explicit reply(std::shared_ptr<promise<T>> kept_by_answering) : promise_{std::move(kept_by_answering)} {}

  void operator()(result<T> answer) const {
    if (promise_)
      promise_->keep(std::move(answer));
  }

  /// Gives `place` back just before the answer. To be called before the reply is handed to anybody.
  void take(seat place) {
    if (promise_)
      promise_->place = std::move(place);
  }

private:
  class call final : public promise<T> {
  public:
    explicit call(std::function<void(result<T>)> callback) : callback_{std::move(callback)} {}
    ~call() override {
      if (!this->kept())
        this->keep(nobody_answered<T>());
    }

  private:
    void deliver(result<T> answer) override {
      if (auto f = std::exchange(callback_, nullptr))
        f(std::move(answer));
    }

    std::function<void(result<T>)> callback_;
  };

  std::shared_ptr<promise<T>> promise_;
};

/// `n` replies whose answers arrive together, in order, once the last of them is there: at `complete`, on the thread
/// that gave the last. Their askers may be on different threads; an answer that dies is a 503 among the others.
template <class T>
[[nodiscard]] std::vector<reply<T>> gather(std::size_t n, std::function<void(std::vector<result<T>>)> complete) {
  struct gathering {
    std::vector<result<T>> answers;
    std::atomic<std::size_t> open;
    std::function<void(std::vector<result<T>>)> complete;
  };
  if (n == 0) {
    complete({});
    return {};
  }
  auto shared = std::make_shared<gathering>();
  shared->answers.resize(n);
  shared->open = n;
  shared->complete = std::move(complete);
  std::vector<reply<T>> replies;
  replies.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    replies.push_back(reply<T>{[shared, i](result<T> answer) {
      shared->answers[i] = std::move(answer);
      if (shared->open.fetch_sub(1) == 1)
        shared->complete(std::move(shared->answers));
    }});
  return replies;
}

} // namespace cued::actors

#include "http/resumptions.hpp"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace cued::http {
namespace {

/// Ties the resumptions to the event loop.
class resumption_service final : public boost::asio::execution_context::service {
public:
  using key_type = resumption_service;
  static inline boost::asio::execution_context::id id;

  explicit resumption_service(boost::asio::execution_context& loop)
      : service{loop}, all{std::make_shared<resumptions>(static_cast<boost::asio::io_context&>(loop))} {}

  const std::shared_ptr<resumptions> all;

private:
  void shutdown() override { all->clear(); }
};

} // namespace

std::shared_ptr<resumptions> resumptions::of(boost::asio::execution_context& loop) {
  return boost::asio::use_service<resumption_service>(loop).all;
}

void resumptions::put(std::shared_ptr<resumption> ready) {
  {
    const std::lock_guard lock{mutex_};
    ready_.push_back(std::move(ready));
    if (ready_.size() > 1)
      return; // whoever put the first wakes the thread
  }
  actors::answering_together::wake(shared_from_this());
}

/// What is ready keeps the event loop alive until here, and nobody else takes it; from then on they may all be gone
/// before post() has let go of the loop.
void resumptions::wake() {
  const auto alive = boost::asio::make_work_guard(loop_);
  boost::asio::post(loop_, [self = shared_from_this()] { self->resume_all(); });
}

void resumptions::resume_all() {
  {
    const std::lock_guard lock{mutex_};
    taken_.swap(ready_);
  }
  auto turn = std::exchange(taken_, {}); // a coroutine may run the loop's next turn
  for (const auto& one : turn)
    one->resume();
  turn.clear();
  taken_ = std::move(turn);
}

void resumptions::clear() {
  std::vector<std::shared_ptr<resumption>> dropped; // without the lock
  const std::lock_guard lock{mutex_};
  dropped.swap(ready_);
}

} // namespace cued::http

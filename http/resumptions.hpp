#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>

#include "actors/answering_together.hpp"

namespace cued::http {

/// A coroutine that can go on: its answer is there. Keeps its I/O thread alive until then.
class resumption {
public:
  virtual ~resumption() = default;
  virtual void resume() = 0; ///< on its own I/O thread
};

/// The coroutines of one I/O thread whose answers are there. Only the first after the thread took what there was posts
/// to the thread's event loop; the answers of a batch post once (actors/answering_together.hpp). Owner: the event loop,
/// and whoever is about to wake it. Thread: put() any.
class resumptions final : public actors::sleeper, public std::enable_shared_from_this<resumptions> {
public:
  explicit resumptions(boost::asio::io_context& loop) : loop_{loop} {}

  /// Those of this event loop.
  [[nodiscard]] static std::shared_ptr<resumptions> of(boost::asio::execution_context& loop);

  void put(std::shared_ptr<resumption> ready);
  void wake() override;

  void clear(); ///< the loop ends

private:
  void resume_all();

  boost::asio::io_context& loop_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<resumption>> ready_;
  std::vector<std::shared_ptr<resumption>>
      taken_; ///< of the I/O thread; empty between its turns, kept for its capacity
};

} // namespace cued::http

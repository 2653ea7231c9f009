#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include <caf/event_based_actor.hpp>
#include <caf/sec.hpp>
#include <spdlog/spdlog.h>

#include "actors/vital_sign.hpp"
#include "actors/waiters.hpp"

namespace cued::actors {

/// What all actors of the engine share: an exception that escapes a handler is a broken invariant; it is logged with
/// the actor's name and ends the actor, which its supervisor then replaces. And a sign of life, by which the supervisor
/// sees one that does not come back from a message, and a way to let those go who wait in it.
class pool_member : public caf::event_based_actor {
public:
  explicit pool_member(caf::actor_config& config) : caf::event_based_actor{config} {
    set_exception_handler([this](std::exception_ptr& thrown) -> caf::error {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& e) {
        spdlog::error("{} threw: {}", name(), e.what());
      } catch (...) {
        spdlog::error("{} threw something that is no exception", name());
      }
      return caf::make_error(caf::sec::runtime_error);
    });
  }

  caf::invoke_message_result consume(caf::mailbox_element& message) override {
    const at_work until_it_comes_back{*this};
    return caf::event_based_actor::consume(message);
  }

  [[nodiscard]] std::shared_ptr<const vital_sign> sign() const { return sign_; }
  [[nodiscard]] std::shared_ptr<waiters> who_waits() const { return waiters_; }

protected:
  /// To be called between the statements of a message that takes several: each of them may take its time.
  void show_life() { sign_->works(clock().now()); }

  /// To be kept while a statement is under way by whoever has requests waiting in it.
  [[nodiscard]] waiters::in_store into_store(std::function<void()> release) const {
    return {waiters_, std::move(release)};
  }

private:
  class at_work {
  public:
    explicit at_work(pool_member& who) : who_{who} { who_.show_life(); }
    ~at_work() { who_.sign_->rests(); }
    at_work(const at_work&) = delete;
    at_work& operator=(const at_work&) = delete;

  private:
    pool_member& who_;
  };

  std::shared_ptr<vital_sign> sign_ = std::make_shared<vital_sign>();
  std::shared_ptr<waiters> waiters_ = std::make_shared<waiters>();
};

} // namespace cued::actors

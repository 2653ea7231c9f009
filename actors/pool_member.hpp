#pragma once

#include <exception>

#include <caf/event_based_actor.hpp>
#include <caf/sec.hpp>
#include <spdlog/spdlog.h>

namespace cued::actors {

/// What all actors of the engine share: an exception that escapes a handler is a broken invariant; it is logged with
/// the actor's name and ends the actor, which its supervisor then replaces.
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
};

} // namespace cued::actors

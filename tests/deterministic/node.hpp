#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <caf/scheduler/test_coordinator.hpp>
#include <prometheus/registry.h>

#include "actors/actor_engine.hpp"
#include "tests/deterministic/faulty_stores.hpp"
#include "tests/deterministic/world.hpp"

namespace cued::deterministic {

/// What webhooks run into, as a node sees it.
class network {
public:
  virtual ~network() = default;
  /// `done` may be called until the node forgets it, which it does when it crashes.
  virtual void post(node& from, const actors::webhook_request& request,
                    std::function<void(actors::webhook_response)> done) = 0;
  virtual void forget(const node& dead) = 0;
};

struct node_settings {
  std::size_t shards = 1;
  std::chrono::seconds poll_interval{5};
  std::size_t webhooks_in_flight = 50;
  bool sole_owner = true;
};

/// One process: an engine that runs message by message, with a wall clock that may be a little off. Started and crashed
/// many times; nothing is left of one life in the next but the database.
class node final : public actors::stepwise_runtime,
                   public actors::webhook_sender,
                   public time_source,
                   public actors::notifier {
public:
  node(world& around, network& net, std::string name, node_settings settings, world::time skew);
  ~node() override;

  void start();
  void crash();
  /// The way of SIGTERM; others go on meanwhile.
  void stop();
  [[nodiscard]] bool alive() const { return life_ != nullptr; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] actors::engine& engine();
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Which life this is.
  [[nodiscard]] std::uint64_t life() const { return lives_; }

  // -- the world's ---------------------------------------------------------------
  [[nodiscard]] std::size_t jobs() const { return scheduler_ ? scheduler_->jobs.size() : 0; }
  void run(std::size_t nth); ///< one message of the actor that is the nth in line
  [[nodiscard]] world::time next_timeout() const;
  void pass_time();

  [[nodiscard]] instant now() const override { return world_.wall() + skew_; }

private:
  class gate;
  struct incarnation;

  void adopt(caf::actor_system& system) override;
  bool run_until(const std::function<bool()>& done) override;
  void send(actors::webhook_request request, std::function<void(actors::webhook_response)> done) override;
  bool run_alone(const std::function<bool()>& done);
  void end();
  [[nodiscard]] std::string living() const; ///< for a failure's text

  [[nodiscard]] bool delivers_magic_links() const override { return false; }
  void magic_link(const std::string&, const std::string&) override {}
  void api_key_regenerated(const std::string&, instant) override {}
  void webhook_secret_rotated(const std::string&, instant) override {}
  void execution_failed(const std::string&, const actors::failed_execution&, actors::letter_done) override {}
  void worker_offline(const std::string&, const actors::offline_worker&, actors::letter_done) override {}

  world& world_;
  network& net_;
  std::string name_;
  node_settings settings_;
  world::time skew_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr; ///< of this life
  std::map<caf::actor_id, caf::strong_actor_ptr> met_;    ///< the actors of this life
  std::uint64_t lives_ = 0;
  bool stopping_ = false; ///< takes no requests any more
  bool alone_ = false;    ///< only its own actors run
  std::unique_ptr<incarnation> life_;
};

} // namespace cued::deterministic

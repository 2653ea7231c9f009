#pragma once

#include <future>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "actors/actor_engine.hpp"
#include "tests/actors/memory_world.hpp"

namespace cued::test {

/// Answers every webhook at once with what `answer` says.
class scripted_sender final : public actors::webhook_sender {
public:
  void send(actors::webhook_request request, std::function<void(actors::webhook_response)> done) override {
    actors::webhook_response response;
    {
      const std::lock_guard lock{mutex};
      requests.push_back(std::move(request));
      response = answer(requests.size());
    }
    done(std::move(response));
  }

  std::mutex mutex;
  std::vector<actors::webhook_request> requests;
  std::function<actors::webhook_response(std::size_t nth)> answer = [](std::size_t) {
    actors::webhook_response ok;
    ok.status = 200;
    return ok;
  };
};

/// Keeps what would have been mailed, and answers at once with what `answer` says.
class recording_notifier final : public actors::notifier {
public:
  [[nodiscard]] bool delivers_magic_links() const override { return false; }
  void magic_link(const std::string&, const std::string&) override {}
  void api_key_regenerated(const std::string&, instant) override {}
  void webhook_secret_rotated(const std::string&, instant) override {}
  void execution_failed(const std::string& email, const actors::failed_execution& what,
                        actors::letter_done done) override {
    keep(email + ": " + what.cue_name + ": " + what.error, done);
  }
  void worker_offline(const std::string& email, const actors::offline_worker& who, actors::letter_done done) override {
    keep(email + ": " + who.worker_id, done);
  }

  std::mutex mutex;
  std::vector<std::string> letters;
  std::function<actors::letter_result(std::size_t nth)> answer = [](std::size_t) {
    return actors::letter_result{true, 200, {}};
  };

private:
  void keep(std::string letter, const actors::letter_done& done) {
    actors::letter_result ended;
    {
      const std::lock_guard lock{mutex};
      letters.push_back(std::move(letter));
      ended = answer(letters.size());
    }
    done(ended);
  }
};

/// The wall clock, which a test may put forward.
class adjustable_clock final : public time_source {
public:
  [[nodiscard]] instant now() const override { return wall_clock{}.now() + ahead.load(); }
  std::atomic<std::chrono::seconds> ahead{std::chrono::seconds{0}};
};

/// A whole engine over a world in memory.
class engine_test : public testing::Test {
protected:
  actors::actor_engine& engine() {
    if (!engine_)
      engine_ = std::make_unique<actors::actor_engine>(settings(), world.makers(), sender, post, clock, registry, pulse,
                                                       [this](std::string why) { hopeless.set_value(why); });
    return *engine_;
  }

  virtual actors::engine_settings settings() {
    actors::engine_settings s;
    s.poll_interval = std::chrono::seconds{1};
    s.restarts.longest_pause = std::chrono::milliseconds{100};
    s.new_execution_id = [this] { return "execution-" + std::to_string(next_id++); };
    return s;
  }

  std::future<result<actors::claim_grant>> claim(const std::string& user, const std::string& execution,
                                                 const std::string& worker = "worker") {
    return ask<actors::claim_grant>([&](auto reply) { engine().claim({user, execution, worker}, std::move(reply)); });
  }

  std::future<result<actors::outcome_receipt>> report(const std::string& user, const std::string& execution,
                                                      bool success = true) {
    actors::outcome_report r;
    r.user_id = user;
    r.execution_id = execution;
    r.success = success;
    return ask<actors::outcome_receipt>([&](auto reply) { engine().report_outcome(r, std::move(reply)); });
  }

  void add_ready(const std::string& id, const std::string& user = "ann", int seconds_ago = 10) {
    memory_world::execution e;
    e.id = id;
    e.user_id = user;
    e.scheduled_for = clock.now() - std::chrono::seconds{seconds_ago};
    world.add(e);
  }

  memory_world world;
  scripted_sender sender;
  recording_notifier post;
  adjustable_clock clock;
  prometheus::Registry registry;
  actors::clock_pulse pulse;
  std::promise<std::string> hopeless;
  std::atomic<int> next_id{1};

private:
  template <class T, class Question>
  std::future<result<T>> ask(Question question) {
    auto promise = std::make_shared<std::promise<result<T>>>();
    auto answer = promise->get_future();
    question(actors::reply<T>{[promise](result<T> r) { promise->set_value(std::move(r)); }});
    return answer;
  }

  std::unique_ptr<actors::actor_engine> engine_;
};

} // namespace cued::test

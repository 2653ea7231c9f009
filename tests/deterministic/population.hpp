#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/deterministic/node.hpp"
#include "tests/deterministic/world.hpp"

/// Who lives around the engines.
namespace cued::deterministic {

/// A node that is up, by chance; null: none is.
[[nodiscard]] node* any_node(world& w);

/// Asks a node; what it answers comes to `done` unless the node has died meanwhile, which is a 503 to whoever asked.
/// `at_once`: what the answer is called, if nobody has to wait for it longer than the actors need; null: may take time.
template <class T, class Question>
void ask(world& w, node& n, const char* at_once, Question question, std::function<void(const result<T>&)> done) {
  const auto number = w.new_call();
  w.note(at_once ? at_once : "a claim that waits", n.name(), static_cast<std::int64_t>(number));
  if (at_once)
    w.expect_answer(n, number, at_once);
  question(actors::reply<T>{[&w, &n, number, life = n.life(), done = std::move(done)](result<T> answer) {
    w.answered(number);
    if (n.life() != life)
      answer = fail(unavailable("the connection was cut"));
    w.note(answer ? "answered" : "refused", n.name(), answer ? 200 : answer.error().status);
    // Later, and not on the actor's stack: the answer is on its way to the client.
    w.after(std::chrono::microseconds{w.roll.between(100, 5'000)},
            [done, answer = std::make_shared<result<T>>(std::move(answer))] { done(*answer); });
  }});
}

/// Answers webhooks, late, badly or not at all; the handlers behind it report outcomes where a deadline asks for one.
class receiver final : public network {
public:
  explicit receiver(world& w) : world_{w} {}

  void post(node& from, const actors::webhook_request& request,
            std::function<void(actors::webhook_response)> done) override;
  void forget(const node& dead) override;

  std::size_t accepted = 0;

private:
  struct call {
    const node* by;
    std::function<void(actors::webhook_response)> done;
  };

  void arrive(std::uint64_t number, const std::string& execution_id, world::time left);
  void answer(std::uint64_t number, actors::webhook_response response);
  void report(const std::string& execution_id, int tries);

  world& world_;
  std::map<std::uint64_t, call> open_;
  std::uint64_t last_ = 0;
};

/// A worker: claims in one of the three ways, works, shows signs of life, reports; now and then it dies, and what it
/// was about is never heard of again, or much too late.
class worker {
public:
  worker(world& w, std::string user_id, std::string name)
      : world_{w}, user_id_{std::move(user_id)}, name_{std::move(name)} {}

  void begin();
  /// For good: it is not heard any more and claims nothing; what it has is reported, or not.
  void retire() { retired_ = true; }

  std::size_t claimed = 0, reported = 0;

private:
  struct job {
    std::string execution_id, token;
    int tries = 0;
    bool over = false;
  };

  void look();
  void look_later();
  void claim_by_id(node& n);
  void claim_next(node& n, std::size_t at_most, std::chrono::milliseconds wait);
  void take(const std::string& execution_id);
  void show_life();
  void show_life_at(const std::shared_ptr<job>& j);
  void report(const std::shared_ptr<job>& j);
  [[nodiscard]] bool is_dead() const { return world_.now() < dead_until_; }

  world& world_;
  std::string user_id_, name_;
  std::size_t busy_ = 0;
  bool retired_ = false;
  world::time dead_until_{0};
  std::uint64_t jobs_begun_ = 0;
};

} // namespace cued::deterministic

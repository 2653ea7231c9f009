#include "tests/deterministic/population.hpp"

#include <charconv>

namespace cued::deterministic {
namespace {

using namespace std::chrono_literals;
using us = std::chrono::microseconds;

constexpr int tries_at_most = 40;
constexpr std::size_t jobs_at_most = 6;

std::string header(const actors::webhook_request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name)
      return value;
  return {};
}

actors::webhook_response failed(actors::webhook_response::failure what) {
  actors::webhook_response r;
  r.what = what;
  r.detail = "lost";
  return r;
}

} // namespace

node* any_node(world& w) {
  std::vector<node*> up;
  for (const auto& n : w.nodes)
    if (n->alive() && !n->stopping())
      up.push_back(n.get());
  return up.empty() ? nullptr : w.roll.one_of(up);
}

// -- the receiver ---------------------------------------------------------------------

void receiver::post(node& from, const actors::webhook_request& request,
                    std::function<void(actors::webhook_response)> done) {
  const auto id = header(request, "X-CueAPI-Execution-Id");
  const auto attempt = std::stoi(header(request, "X-CueAPI-Attempt"));
  world_.note("webhook", id, attempt);
  world_.guarded([&] { world_.checks.request_leaves(id, attempt); });
  const auto number = ++last_;
  open_.emplace(number, call{&from, std::move(done)});
  auto& roll = world_.roll;
  const us deadline = request.deadline;
  const bool bad = roll.percent(world_.sky.bad_answers_percent);
  if (bad && roll.one_in(4)) // it never arrives
    return world_.after(us{roll.between(1'000, deadline.count())}, [this, number] {
      answer(number, failed(actors::webhook_response::failure::could_not_connect));
    });
  const us there{roll.between(200, 20'000)};
  world_.after(there, [this, number, id, left = deadline - there] { arrive(number, id, left); });
}

/// The answer may be on its way for too long, or get lost.
void receiver::arrive(std::uint64_t number, const std::string& execution_id, us left) {
  auto& roll = world_.roll;
  const bool bad = roll.percent(world_.sky.bad_answers_percent);
  actors::webhook_response r;
  r.status = !bad ? 200 : std::vector{500, 503, 404, 200, 410}[roll.below(5)];
  r.first_byte_sent_at = world_.wall();
  if (r.status == 503 && roll.one_in(2))
    r.retry_after_seconds = static_cast<int>(roll.between(1, 600));
  if (r.status == 200) {
    ++accepted;
    world_.checks.request_accepted(execution_id);
    const auto* e = world_.store.find(execution_id);
    const bool reports = e && world_.store.cues().at(e->cue_id).outcome_deadline_seconds;
    if (reports && !roll.percent(world_.sky.worker_deaths_percent))
      world_.after(us{roll.between(1'000, 60'000'000)}, [this, execution_id] { report(execution_id, 0); });
  }
  const us back{bad && roll.one_in(3) ? roll.between(1'000'000, 60'000'000) : roll.between(200, 200'000)};
  if (back > left)
    r = failed(actors::webhook_response::failure::timed_out);
  world_.after(std::min(back, left), [this, number, r] { answer(number, r); });
}

void receiver::answer(std::uint64_t number, actors::webhook_response response) {
  if (auto open = open_.extract(number)) {
    world_.note("webhook answered", {}, response.status.value_or(0));
    open.mapped().done(std::move(response));
  }
}

void receiver::forget(const node& dead) {
  std::erase_if(open_, [&](const auto& entry) { return entry.second.by == &dead; });
}

void receiver::report(const std::string& execution_id, int tries) {
  auto* n = any_node(world_);
  const auto again = [this, execution_id, tries] {
    if (tries < tries_at_most)
      world_.after(5s, [this, execution_id, tries] { report(execution_id, tries + 1); });
  };
  if (!n)
    return again();
  const auto* e = world_.store.find(execution_id);
  actors::outcome_report r;
  r.user_id = world_.store.cues().at(e->cue_id).user_id;
  r.execution_id = execution_id;
  r.success = true;
  r.result = "handler";
  ask<actors::outcome_receipt>(
      world_, *n, "an outcome of a handler", [&](auto reply) { n->engine().report_outcome(r, std::move(reply)); },
      [this, again, execution_id](const result<actors::outcome_receipt>& answer) {
        if (answer)
          world_.checks.outcome_answered(execution_id, "handler");
        else if (answer.error().status == 503)
          again();
      });
}

// -- workers ---------------------------------------------------------------------------

void worker::begin() {
  show_life();
  look_later();
}

void worker::show_life() {
  if (retired_)
    return;
  if (!is_dead() && world_.now() >= world_.database_back_at) {
    world_.store.worker_heartbeat(user_id_, name_, world_.wall());
    world_.checks.worker_heard(user_id_, name_, world_.wall());
  }
  world_.after(60s, [this] { show_life(); });
}

void worker::look_later() {
  world_.after(us{world_.roll.between(100'000, 20'000'000)}, [this] { look(); });
}

void worker::look() {
  if (retired_)
    return;
  auto* n = any_node(world_);
  if (is_dead() || !n || busy_ >= jobs_at_most)
    return look_later();
  switch (world_.roll.below(4)) {
  case 0:
    return claim_by_id(*n);
  case 1:
    return claim_next(*n, static_cast<std::size_t>(world_.roll.between(1, 5)), 0ms);
  case 2:
    return claim_next(*n, 1, 0ms);
  default:
    return claim_next(*n, static_cast<std::size_t>(world_.roll.between(1, 3)),
                      std::chrono::milliseconds{world_.roll.between(1, 20'000)});
  }
}

void worker::claim_by_id(node& n) {
  auto ready = world_.store.ready(user_id_, world_.wall(), 20);
  if (ready.empty())
    return look_later();
  const auto id = world_.roll.one_of(ready).execution_id;
  ask<actors::claim_grant>(
      world_, n, "a claim by id",
      [&](auto reply) {
        n.engine().claim({user_id_, id, name_}, std::move(reply));
      },
      [this](const result<actors::claim_grant>& answer) {
        if (answer)
          take(answer->execution_id);
        look_later();
      });
}

void worker::claim_next(node& n, std::size_t at_most, std::chrono::milliseconds wait) {
  actors::claim_request request{user_id_, {}, name_, wait};
  request.with_work = world_.roll.one_in(2);
  ask<actors::claim_grants>(
      world_, n, wait > 0ms ? nullptr : "a claim of the next",
      [&](auto reply) { n.engine().claim_many(request, at_most, std::move(reply)); },
      [this](const result<actors::claim_grants>& answer) {
        if (answer)
          for (const auto& grant : *answer)
            take(grant.execution_id);
        look_later();
      });
}

void worker::take(const std::string& execution_id) {
  world_.note("granted", execution_id);
  world_.checks.claim_answered(execution_id, name_);
  ++claimed;
  ++busy_;
  auto& roll = world_.roll;
  auto j = std::make_shared<job>(job{execution_id, name_ + "#" + std::to_string(++jobs_begun_)});
  if (roll.percent(world_.sky.worker_deaths_percent)) {
    dead_until_ = world_.now() + us{roll.between(1'000'000, 5'400'000'000)};
    world_.note("worker dies", name_);
    if (roll.one_in(2)) { // forgotten; the other half is reported after it came back
      --busy_;
      return;
    }
  } else {
    show_life_at(j);
  }
  const us work{roll.one_in(20) ? roll.between(1'000'000, 2'400'000'000) : roll.between(10'000, 60'000'000)};
  world_.after(work, [this, j] { report(j); });
}

void worker::show_life_at(const std::shared_ptr<job>& j) {
  world_.after(60s, [this, j] {
    if (j->over || retired_)
      return;
    if (!is_dead() && world_.now() >= world_.database_back_at)
      world_.store.heartbeat(user_id_, j->execution_id, name_, world_.wall());
    show_life_at(j);
  });
}

void worker::report(const std::shared_ptr<job>& j) {
  auto* n = any_node(world_);
  const auto again = [this, j] {
    if (++j->tries > tries_at_most) {
      j->over = true;
      --busy_;
      return;
    }
    world_.after(5s, [this, j] { report(j); });
  };
  if (is_dead())
    return world_.after(dead_until_ - world_.now() + 1s, [this, j] { report(j); });
  if (!n)
    return again();
  actors::outcome_report r;
  r.user_id = user_id_;
  r.execution_id = j->execution_id;
  r.success = !world_.roll.one_in(8);
  r.result = j->token;
  const auto done = [this, j, again](const result<actors::outcome_receipt>& answer) {
    if (answer) {
      world_.checks.outcome_answered(j->execution_id, j->token);
      ++reported;
    } else if (answer.error().status == 503) {
      return again();
    }
    j->over = true;
    --busy_;
  };
  if (world_.roll.one_in(3))
    return ask<actors::outcome_receipts>(
        world_, *n, "outcomes", [&](auto reply) { n->engine().report_outcomes({r}, std::move(reply)); },
        [done](const result<actors::outcome_receipts>& answers) {
          done(answers ? answers->front() : result<actors::outcome_receipt>{fail(answers.error())});
        });
  ask<actors::outcome_receipt>(
      world_, *n, "an outcome", [&](auto reply) { n->engine().report_outcome(r, std::move(reply)); }, done);
}

} // namespace cued::deterministic

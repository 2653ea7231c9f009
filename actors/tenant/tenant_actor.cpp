#include "actors/tenant/tenant_actor.hpp"

#include <algorithm>

namespace cued::actors {
namespace {

constexpr std::size_t ready_at_most = 1000;
/// With fewer than this left the list is filled up before it runs dry.
constexpr std::size_t ready_low = 100;
constexpr std::chrono::minutes idle_after{10};

} // namespace

tenant_actor::tenant_actor(caf::actor_config& config, std::string user_id, directory& others)
    : pool_member{config}, user_id_{std::move(user_id)}, others_{others} {}

caf::behavior tenant_actor::make_behavior() {
  delayed_send(this, idle_after, idle_check_message{});
  return {
      [this](claim_message& m) { on_claim(m); },
      [this](outcome_message& m) { on_outcome(m); },
      [this](const became_ready_message& m) { on_became_ready(m); },
      [this](const ready_fetched_message& m) { on_ready_fetched(m); },
      [this](const claim_settled_message& m) { on_claim_settled(m); },
      [this](idle_check_message) { on_idle_check(); },
      [this](retire_message) { on_retire(); },
  };
}

void tenant_actor::on_exit() { waiting_.clear(); }

void tenant_actor::on_claim(claim_message& message) {
  ++messages_;
  if (message.request.execution_id.empty()) {
    waiting_.push_back({std::move(message), fetches_begun_});
    return serve_waiting();
  }
  const auto id = message.request.execution_id;
  std::erase_if(ready_, [&id](const auto& r) { return r.execution_id == id; });
  others_.send(pool::claim, id, std::move(message));
}

void tenant_actor::on_outcome(outcome_message& message) {
  ++messages_;
  const auto id = message.report.execution_id;
  others_.send(pool::outcome, id, std::move(message));
}

void tenant_actor::on_became_ready(const became_ready_message& message) {
  ++messages_;
  for (const auto& r : message.executions) {
    // Beyond the end of a list that was cut the store is the better memory.
    const bool beyond_the_cut = more_in_store_ && !ready_.empty() && ready_.rbegin()->scheduled_for < r.scheduled_for;
    if (!beyond_the_cut && !in_flight_.contains(r.execution_id))
      ready_.insert(r);
  }
  serve_waiting();
}

void tenant_actor::serve_waiting() {
  while (!waiting_.empty()) {
    if (!ready_.empty()) {
      const auto next = ready_.extract(ready_.begin()).value();
      auto claim = std::move(waiting_.front().message);
      waiting_.pop_front();
      claim_for(std::move(claim), next.execution_id);
      continue;
    }
    if (!fetching_)
      fetch();
    break;
  }
  if (more_in_store_ && !fetching_ && !retiring_ && ready_.size() < ready_low)
    fetch();
}

void tenant_actor::claim_for(claim_message message, const std::string& execution_id) {
  in_flight_.insert(execution_id);
  auto asked = message;
  asked.request.execution_id = execution_id;
  asked.answer = reply<claim_grant>{
      [self = caf::actor_cast<caf::actor>(this), message = std::move(message), execution_id](result<claim_grant> r) {
        caf::anon_send(self, claim_settled_message{message, execution_id, std::move(r)});
      }};
  others_.send(pool::claim, execution_id, std::move(asked));
}

void tenant_actor::on_claim_settled(const claim_settled_message& message) {
  in_flight_.erase(message.execution_id);
  if (message.outcome || message.outcome.error().code != "claim_failed") {
    message.original.answer(message.outcome);
  } else { // somebody else got it: the next one, if there is one
    waiting_.push_front({message.original, fetches_begun_});
    serve_waiting();
  }
  leave_if_done();
}

void tenant_actor::fetch() {
  fetching_ = true;
  const auto number = ++fetches_begun_;
  fetch_ready_message question{
      user_id_, ready_at_most,
      reply<std::vector<persistence::ready_execution>>{
          [self = caf::actor_cast<caf::actor>(this), number](result<std::vector<persistence::ready_execution>> found) {
            caf::anon_send(self, ready_fetched_message{number, std::move(found)});
          }}};
  others_.send(pool::claim, user_id_, std::move(question));
}

void tenant_actor::on_ready_fetched(const ready_fetched_message& message) {
  fetching_ = false;
  more_in_store_ = message.found && message.found->size() >= ready_at_most;
  if (message.found) {
    for (const auto& r : *message.found)
      if (!in_flight_.contains(r.execution_id))
        ready_.insert(r);
  }
  if (!message.found || ready_.empty()) {
    // Whoever waited when this fetch began now knows that there is nothing (or why nobody can tell).
    while (!waiting_.empty() && waiting_.front().fetches_begun < message.fetch) {
      auto claim = std::move(waiting_.front().message);
      waiting_.pop_front();
      if (message.found)
        claim.answer(fail(409, "claim_failed", "No executions available for claiming"));
      else
        claim.answer(fail(message.found.error()));
    }
  }
  serve_waiting();
  leave_if_done();
}

void tenant_actor::on_idle_check() {
  if (messages_ == messages_at_last_check_ && waiting_.empty() && in_flight_.empty())
    return others_.retire_tenant(user_id_);
  messages_at_last_check_ = messages_;
  delayed_send(this, idle_after, idle_check_message{});
}

void tenant_actor::on_retire() {
  retiring_ = true;
  leave_if_done();
}

void tenant_actor::leave_if_done() {
  if (retiring_ && waiting_.empty() && in_flight_.empty() && !fetching_)
    quit();
}

} // namespace cued::actors

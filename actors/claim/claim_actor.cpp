#include "actors/claim/claim_actor.hpp"

#include <algorithm>
#include <unordered_map>

#include <spdlog/spdlog.h>

#include "actors/answering_together.hpp"

namespace cued::actors {

/// The claims of a batch that nobody was told of yet. What is left of them when this goes may hold and is in doubt.
class claim_actor::untold {
public:
  untold(const directory& others, const std::vector<persistence::claim_attempt>& attempts, instant at)
      : others_{others}, attempts_{attempts}, at_{at} {}
  ~untold() {
    if (told_ == attempts_.size())
      return;
    for (auto i = told_; i < attempts_.size(); ++i)
      if (!won_ || (*won_)[i])
        add(i);
    others_.doubt(std::move(in_doubt_));
  }
  untold(const untold&) = delete;
  untold& operator=(const untold&) = delete;

  /// The others of the batch do not hold.
  void are_among(const std::vector<std::optional<persistence::claimed_execution>>& won) { won_ = &won; }
  void told() { ++told_; } ///< the next of the batch

private:
  void add(std::size_t i) {
    const auto& a = attempts_[i];
    in_doubt_.push_back({a.user_id, a.execution_id, a.worker_id, at_});
  }

  const directory& others_;
  const std::vector<persistence::claim_attempt>& attempts_;
  instant at_;
  const std::vector<std::optional<persistence::claimed_execution>>* won_ = nullptr;
  std::size_t told_ = 0;
  std::vector<persistence::held_claim> in_doubt_;
};

claim_actor::claim_actor(caf::actor_config& config, std::unique_ptr<persistence::claim_store> store,
                         const time_source& clock, const directory& others, std::size_t index, probe& probe,
                         std::size_t batch_rows)
    : pool_member{config}, inbox_{others.claims_for(index)}, doubts_{others.doubts_of(index)}, store_{std::move(store)},
      clock_{clock}, batch_clock_{clock}, others_{others}, probe_{probe}, batch_rows_{batch_rows} {}

caf::behavior claim_actor::make_behavior() {
  arm_give_back(); // what a predecessor has left
  return {
      [this](const fetch_ready_message& m) { on_fetch_ready(m); },
      [this](flush_message) { on_flush(); },
      [this](give_back_message) { on_give_back(); },
      [this](tick_message m) { on_tick(m); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

void claim_actor::on_exit() {
  arrived_.clear();
  batch_.clear();
}

void claim_actor::join_arrived() {
  inbox_.take(arrived_);
  for (auto& claim : arrived_)
    batch_.push(claim.request.user_id, std::move(claim));
  arrived_.clear();
}

void claim_actor::on_fetch_ready(const fetch_ready_message& message) {
  const auto now = clock_.now();
  const auto away = into_store([this] { batch_.clear(); });
  auto ready = store_->ready(message.user_id, now, message.limit);
  if (!ready)
    return message.answer(fail(std::move(ready.error())));
  ready_list found{std::move(*ready), std::nullopt};
  if (message.next_due_too) {
    show_life();
    const auto next = store_->next_due(message.user_id, now);
    if (!next)
      return message.answer(fail(next.error()));
    found.next_due = *next;
  }
  message.answer(std::move(found));
}

void claim_actor::arm() {
  if (armed_)
    return;
  armed_ = true;
  send(this, flush_message{});
}

void claim_actor::on_flush() {
  armed_ = false;
  join_arrived();
  auto batch = batch_.take(batch_rows_);
  if (batch.empty())
    return;
  const auto let_go = [this, &batch] {
    batch.clear();
    batch_.clear();
  };
  {
    const auto away = into_store(let_go);
    give_back(); // whoever lost a claim to a doubt may be asking again
  }
  if (batch.empty()) // they could not wait so long
    return;
  show_life();
  std::vector<persistence::claim_attempt> attempts;
  attempts.reserve(batch.size());
  for (auto& claim : batch) {
    auto& asked = claim.request;
    attempts.push_back(
        {std::move(asked.user_id), std::move(asked.execution_id), std::move(asked.worker_id), asked.with_work});
  }

  const auto at = batch_clock_.next();
  {
    result<std::vector<std::optional<persistence::claimed_execution>>> won;
    untold left{others_, attempts, at};
    auto away = into_store(let_go);
    won = store_->claim(attempts, at);
    away.come_back(); // too late for those who asked? Then there is nobody left to answer, and all is in doubt
    probe_.claim_batch(attempts.size());
    if (won) {
      answer(batch, attempts, *won, at, left);
      tell_tenants(batch, attempts, *won);
    } else {
      const answering_together at_once;
      for (const auto& one : batch)
        one.answer(fail(won.error()));
    }
  }
  if (!batch_.empty())
    arm();
}

// -- claims in doubt -----------------------------------------------------------

void claim_actor::arm_give_back() {
  const auto at = doubts_.next_look();
  if (!at || *at >= give_back_at_)
    return;
  give_back_at_ = *at;
  const auto wait = std::max(*at - clock().now(), std::chrono::steady_clock::duration{0});
  delayed_send(this, std::chrono::ceil<std::chrono::milliseconds>(wait), tick_message{++generation_});
}

void claim_actor::on_give_back() {
  {
    const auto away = into_store([this] { batch_.clear(); });
    give_back();
  }
  arm_give_back();
}

void claim_actor::on_tick(tick_message message) {
  if (message.generation != generation_)
    return;
  give_back_at_ = std::chrono::steady_clock::time_point::max();
  on_give_back();
}

void claim_actor::give_back() {
  for (;;) {
    const auto due = doubts_.due(clock().now(), batch_rows_);
    if (due.empty())
      return;
    std::vector<persistence::held_claim> claims;
    claims.reserve(due.size());
    for (const auto& one : due)
      claims.push_back(one.claim);
    show_life();
    const auto returned = store_->give_back(claims);
    if (!returned && returned.error().status == 503)
      return doubts_.put_off(clock().now());
    if (!returned) {
      spdlog::error("{} claims in doubt cannot be given back; they are left to their leases", due.size());
      return doubts_.let_go(due);
    }
    doubts_.settle(due, *returned, clock().now());
    std::vector<persistence::released_execution> ready;
    for (std::size_t i = 0; i < claims.size(); ++i)
      if ((*returned)[i]) {
        spdlog::info("execution {} was given back: the answer to its claim was lost", claims[i].execution_id);
        ready.push_back({claims[i].execution_id, claims[i].user_id, false, *(*returned)[i]});
      }
    others_.announce(ready);
  }
}

void claim_actor::answer(const std::vector<claim_message>& batch,
                         const std::vector<persistence::claim_attempt>& attempts,
                         std::vector<std::optional<persistence::claimed_execution>>& won, instant at, untold& left) {
  left.are_among(won);
  const answering_together at_once;
  std::vector<persistence::held_claim> unwanted;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& claim = batch[i];
    if (auto& claimed = won[i]; claimed && is_abandoned(claim.request)) {
      unwanted.push_back({attempts[i].user_id, attempts[i].execution_id, attempts[i].worker_id, at});
      claim.answer(fail(unavailable("Nobody waits for this claim any more")));
    } else if (claimed) {
      probe_.reached(probe::stage::started, claimed->scheduled_for, at, claimed->backfilled);
      claim.answer(claim_grant{attempts[i].execution_id, std::move(claimed->work), at});
    } else {
      claim.answer(fail(409, "claim_failed", "Execution is not available for claiming"));
    }
    left.told();
  }
  if (!unwanted.empty())
    others_.doubt(std::move(unwanted));
}

/// After the answers: their ready lists are a hint only, so nobody has to wait for this.
void claim_actor::tell_tenants(const std::vector<claim_message>& batch,
                               const std::vector<persistence::claim_attempt>& attempts,
                               const std::vector<std::optional<persistence::claimed_execution>>& won) const {
  std::unordered_map<std::string, taken_message> per_tenant;
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (won[i] && batch[i].by_id)
      per_tenant[attempts[i].user_id].execution_ids.push_back(attempts[i].execution_id);
  for (auto& [user_id, message] : per_tenant)
    others_.send_present_tenant(user_id, std::move(message));
}

void claim_actor::on_drain(const drain_message& message) {
  join_arrived();
  while (!batch_.empty())
    on_flush();
  give_back();
  message.done(true);
}

} // namespace cued::actors

#include "actors/claim/claim_actor.hpp"

#include <unordered_map>

#include "actors/answering_together.hpp"

namespace cued::actors {

claim_actor::claim_actor(caf::actor_config& config, std::unique_ptr<persistence::claim_store> store,
                         const time_source& clock, const directory& others, std::size_t index, probe& probe,
                         std::size_t batch_rows)
    : pool_member{config}, by_id_{others.claims_for(index)}, store_{std::move(store)}, clock_{clock},
      batch_clock_{clock}, others_{others}, probe_{probe}, batch_rows_{batch_rows} {}

caf::behavior claim_actor::make_behavior() {
  return {
      [this](claims_message& m) { on_claims(m); },
      [this](const fetch_ready_message& m) { on_fetch_ready(m); },
      [this](flush_message) { on_flush(); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

void claim_actor::on_exit() {
  arrived_.clear();
  batch_.clear();
}

void claim_actor::on_claims(claims_message& message) {
  for (auto& claim : message.claims)
    join(std::move(claim), false);
  arm();
}

void claim_actor::join(claim_message&& claim, bool by_id) {
  row joining{std::move(claim), by_id};
  batch_.push(joining.claim.request.user_id, std::move(joining));
}

void claim_actor::join_arrived() {
  by_id_.take(arrived_);
  for (auto& claim : arrived_)
    join(std::move(claim), true);
  arrived_.clear();
}

void claim_actor::on_fetch_ready(const fetch_ready_message& message) {
  const auto now = clock_.now();
  auto ready = store_->ready(message.user_id, now, message.limit);
  if (!ready)
    return message.answer(fail(std::move(ready.error())));
  ready_list found{std::move(*ready), std::nullopt};
  if (message.next_due_too) {
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
  std::vector<persistence::claim_attempt> attempts;
  attempts.reserve(batch.size());
  for (auto& [claim, by_id] : batch) {
    auto& asked = claim.request;
    attempts.push_back(
        {std::move(asked.user_id), std::move(asked.execution_id), std::move(asked.worker_id), asked.with_work});
  }

  const auto at = batch_clock_.next();
  auto won = store_->claim(attempts, at);
  probe_.claim_batch(batch.size());
  if (won) {
    answer(batch, attempts, *won, at);
    tell_tenants(batch, attempts, *won);
  } else {
    const answering_together at_once;
    for (const auto& one : batch)
      one.claim.answer(fail(won.error()));
  }
  if (!batch_.empty())
    arm();
}

void claim_actor::answer(const std::vector<row>& batch, const std::vector<persistence::claim_attempt>& attempts,
                         std::vector<std::optional<persistence::claimed_execution>>& won, instant at) {
  const answering_together at_once;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& claim = batch[i].claim;
    if (auto& claimed = won[i]) {
      probe_.reached(probe::stage::started, claimed->scheduled_for, at, claimed->backfilled);
      claim.answer(claim_grant{attempts[i].execution_id, std::move(claimed->work)});
    } else {
      claim.answer(fail(409, "claim_failed", "Execution is not available for claiming"));
    }
  }
}

/// After the answers: their ready lists are a hint only, so nobody has to wait for this.
void claim_actor::tell_tenants(const std::vector<row>& batch, const std::vector<persistence::claim_attempt>& attempts,
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
  message.done(true);
}

} // namespace cued::actors

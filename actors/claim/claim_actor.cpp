#include "actors/claim/claim_actor.hpp"

namespace cued::actors {

claim_actor::claim_actor(caf::actor_config& config, std::unique_ptr<persistence::claim_store> store,
                         const time_source& clock, probe& probe)
    : pool_member{config}, store_{std::move(store)}, clock_{clock}, batch_clock_{clock}, probe_{probe} {}

caf::behavior claim_actor::make_behavior() {
  return {
      [this](claim_message& m) { on_claim(m); },
      [this](const fetch_ready_message& m) { on_fetch_ready(m); },
      [this](flush_message) { on_flush(); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

void claim_actor::on_exit() { batch_.clear(); }

void claim_actor::on_claim(claim_message& message) {
  const auto tenant = message.request.user_id;
  batch_.push(tenant, std::move(message));
  arm();
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
  const auto batch = batch_.take(batch_rows_at_most);
  if (batch.empty())
    return;
  std::vector<persistence::claim_attempt> attempts;
  attempts.reserve(batch.size());
  for (const auto& m : batch)
    attempts.push_back({m.request.user_id, m.request.execution_id, m.request.worker_id});

  const auto at = batch_clock_.next();
  const auto won = store_->claim(attempts, at);
  probe_.claim_batch(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!won) {
      batch[i].answer(fail(won.error()));
    } else if (const auto& claimed = (*won)[i]) {
      probe_.reached(probe::stage::started, claimed->scheduled_for, at, claimed->backfilled);
      batch[i].answer(claim_grant{batch[i].request.execution_id});
    } else {
      batch[i].answer(fail(409, "claim_failed", "Execution is not available for claiming"));
    }
  }
  if (!batch_.empty())
    arm();
}

void claim_actor::on_drain(const drain_message& message) {
  while (!batch_.empty())
    on_flush();
  message.done(true);
}

} // namespace cued::actors

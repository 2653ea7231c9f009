#include "actors/deliver/deliver_actor.hpp"

#include <spdlog/spdlog.h>

#include "actors/deliver/webhook_composer.hpp"

namespace cued::actors {
namespace {

/// While Postgres is away, what is due is tried again after this long.
constexpr std::chrono::milliseconds retry_pause{250};

/// A tenant has two lines that take turns: thousands of runs that make up for an outage do not hold up those on time.
std::string line_of(const persistence::due_delivery& due) { return (due.backfilled ? 'b' : 't') + due.user_id; }
std::string tenant_of(const std::string& line) { return line.substr(1); }

} // namespace

deliver_actor::deliver_actor(caf::actor_config& config, std::unique_ptr<persistence::delivery_store> store,
                             webhook_sender& webhooks, const time_source& clock, const directory& others, probe& probe,
                             deliver_limits limits)
    : pool_member{config}, store_{std::move(store)}, webhooks_{webhooks}, clock_{clock},
      batch_clock_{clock}, others_{others}, probe_{probe}, limits_{limits} {}

caf::behavior deliver_actor::make_behavior() {
  return {
      [this](const deliver_message& m) { on_deliver(m); },
      [this](const attempt_over_message& m) { on_attempt_over(m); },
      [this](flush_message) { on_flush(); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

void deliver_actor::on_deliver(const deliver_message& message) {
  for (const auto& due : message.due)
    if (known_.insert(due.execution_id).second)
      waiting_.push(line_of(due), due);
  arm();
}

void deliver_actor::on_attempt_over(const attempt_over_message& message) {
  --in_flight_;
  known_.erase(message.execution_id);
  if (auto it = in_flight_of_.find(message.user_id); it != in_flight_of_.end() && --it->second == 0)
    in_flight_of_.erase(it);
  if (draining_ && in_flight_ == 0) {
    for (const auto& answer : drained_)
      answer(true);
    drained_.clear();
  }
  arm();
}

void deliver_actor::arm() {
  if (armed_ || draining_ || waiting_.empty() || in_flight_ >= limits_.in_flight_at_most)
    return;
  armed_ = true;
  send(this, flush_message{});
}

bool deliver_actor::may_have_another(const std::string& tenant) const {
  const auto it = in_flight_of_.find(tenant);
  return it == in_flight_of_.end() || it->second < limits_.in_flight_per_tenant_at_most;
}

void deliver_actor::on_flush() {
  armed_ = false;
  if (draining_)
    return;
  const auto slots = std::min(limits_.in_flight_at_most - in_flight_, batch_rows_at_most);
  // Counting while taking keeps a tenant within its share of this very batch.
  const auto taken = waiting_.take(slots, [this](const std::string& line) {
    const auto tenant = tenant_of(line);
    if (!may_have_another(tenant))
      return false;
    ++in_flight_of_[tenant];
    return true;
  });
  if (taken.empty())
    return;
  in_flight_ += taken.size();

  std::vector<std::string> ids;
  ids.reserve(taken.size());
  for (const auto& due : taken)
    ids.push_back(due.execution_id);
  auto started = store_->start(ids, batch_clock_.next());
  if (!started && started.error().status == 503)
    return put_back(taken);
  if (!started && taken.size() > 1) { // one row spoils the batch: each on its own
    for (const auto& due : taken) {
      show_life();
      auto alone = store_->start({due.execution_id}, batch_clock_.next());
      if (alone && !alone->empty())
        send_webhook(std::move(alone->front()));
      else
        on_attempt_over({due.execution_id, due.user_id});
    }
    return;
  }
  std::unordered_set<std::string> begun;
  if (started)
    for (auto& delivery : *started) {
      begun.insert(delivery.execution_id);
      send_webhook(std::move(delivery));
    }
  for (const auto& due : taken) // taken by somebody else meanwhile, deleted, or spoilt
    if (!begun.contains(due.execution_id))
      on_attempt_over({due.execution_id, due.user_id});
  arm();
}

void deliver_actor::put_back(const std::vector<persistence::due_delivery>& taken) {
  in_flight_ -= taken.size();
  for (const auto& due : taken) {
    if (auto it = in_flight_of_.find(due.user_id); it != in_flight_of_.end() && --it->second == 0)
      in_flight_of_.erase(it);
    waiting_.push(line_of(due), due);
  }
  armed_ = true;
  delayed_send(this, retry_pause, flush_message{});
}

void deliver_actor::send_webhook(persistence::started_delivery delivery) {
  if (delivery.attempt == 1)
    probe_.reached(probe::stage::started, delivery.scheduled_for, clock_.now(), delivery.backfilled);
  auto request = compose_webhook(delivery, clock_.now(), limits_.deadline);
  auto self = caf::actor_cast<caf::actor>(this);
  // Called once, so what it holds may go on its way.
  auto finished = [self, &others = others_, &probe = probe_,
                   delivery = std::move(delivery)](webhook_response response) mutable {
    if (response.first_byte_sent_at && delivery.attempt == 1)
      probe.reached(probe::stage::sent, delivery.scheduled_for, *response.first_byte_sent_at, delivery.backfilled);
    attempt_over_message over{delivery.execution_id, delivery.user_id};
    if (response.what == webhook_response::failure::cut_off)
      others.cut_off({delivery.execution_id, delivery.attempt});
    else
      others.write_down(over.execution_id, {attempt_message{std::move(delivery), std::move(response)}});
    caf::anon_send(self, std::move(over));
  };
  if (!request) {
    webhook_response failed;
    failed.what = webhook_response::failure::protocol_error;
    failed.detail = request.error().message;
    return finished(std::move(failed));
  }
  webhooks_.send(std::move(*request), std::move(finished));
}

void deliver_actor::on_drain(const drain_message& message) {
  draining_ = true;
  if (in_flight_ == 0)
    message.done(true);
  else
    drained_.push_back(message.done);
}

} // namespace cued::actors

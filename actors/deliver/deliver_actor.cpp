#include "actors/deliver/deliver_actor.hpp"

#include <algorithm>

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
                             webhook_sender& webhooks, const time_source& clock, const directory& others,
                             std::size_t index, probe& probe, std::shared_ptr<delivery_room> room,
                             std::chrono::milliseconds deadline)
    : pool_member{config}, started_{others.started_for(index)}, store_{std::move(store)}, webhooks_{webhooks},
      clock_{clock}, batch_clock_{clock}, others_{others}, probe_{probe}, room_{std::move(room)}, deadline_{deadline} {
  room_->let_wait(false);
}

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
  room_->let_wait(!waiting_.empty());
  arm();
}

void deliver_actor::on_attempt_over(const attempt_over_message& message) {
  known_.erase(message.execution_id);
  if (draining_ && room_->taken() == 0) {
    for (const auto& answer : drained_)
      answer(true);
    drained_.clear();
  }
  arm();
}

void deliver_actor::arm() {
  if (armed_ || draining_ || waiting_.empty() || room_->free() == 0)
    return;
  armed_ = true;
  send(this, flush_message{});
}

void deliver_actor::on_flush() {
  armed_ = false;
  send_started();
  if (draining_)
    return;
  std::vector<shared_seat> seats; // of what is taken
  const auto taken = waiting_.take(std::min(room_->free(), batch_rows_at_most), [&](const std::string& line) {
    auto seat = room_->enter(tenant_of(line));
    if (!seat)
      return false;
    seats.push_back(std::make_shared<delivery_room::seat>(std::move(*seat)));
    return true;
  });
  room_->let_wait(!waiting_.empty());
  if (taken.empty())
    return;

  std::vector<std::string> ids;
  ids.reserve(taken.size());
  for (const auto& due : taken)
    ids.push_back(due.execution_id);
  auto started = store_->start(ids, batch_clock_.next());
  if (!started && started.error().status == 503)
    return put_back(taken);
  std::unordered_map<std::string, persistence::started_delivery> begun;
  const auto note = [&begun](std::vector<persistence::started_delivery>& some) {
    for (auto& delivery : some)
      begun.emplace(delivery.execution_id, std::move(delivery));
  };
  if (started)
    note(*started);
  else if (taken.size() > 1) // one row spoils the batch: each on its own
    for (const auto& id : ids) {
      show_life();
      if (auto alone = store_->start({id}, batch_clock_.next()))
        note(*alone);
    }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (auto one = begun.extract(taken[i].execution_id)) {
      send_webhook(std::move(one.mapped()), std::move(seats[i]));
      continue;
    }
    seats[i].reset();
    on_attempt_over({taken[i].execution_id, taken[i].user_id}); // by somebody else meanwhile, deleted, or spoilt
  }
  arm();
}

void deliver_actor::send_started() {
  std::vector<started_message> started;
  started_.take(started);
  for (auto& one : started) {
    known_.insert(one.delivery.execution_id);
    send_webhook(std::move(one.delivery), std::move(one.seat));
  }
}

void deliver_actor::put_back(const std::vector<persistence::due_delivery>& taken) {
  for (const auto& due : taken)
    waiting_.push(line_of(due), due);
  room_->let_wait(true);
  armed_ = true;
  delayed_send(this, retry_pause, flush_message{});
}

void deliver_actor::send_webhook(persistence::started_delivery delivery, shared_seat seat) {
  if (delivery.attempt == 1)
    probe_.reached(probe::stage::started, delivery.scheduled_for, clock_.now(), delivery.backfilled);
  auto request = compose_webhook(delivery, clock_.now(), deadline_);
  // Called once, so what it holds may go on its way.
  auto finished = [&others = others_, &probe = probe_, seat = std::move(seat),
                   delivery = std::move(delivery)](webhook_response response) mutable {
    if (response.first_byte_sent_at && delivery.attempt == 1)
      probe.reached(probe::stage::sent, delivery.scheduled_for, *response.first_byte_sent_at, delivery.backfilled);
    attempt_over_message over{delivery.execution_id, delivery.user_id};
    if (response.what == webhook_response::failure::cut_off)
      others.cut_off({delivery.execution_id, delivery.attempt});
    else
      others.write_down(over.execution_id, {attempt_message{std::move(delivery), std::move(response)}});
    seat->give_back();
    const auto id = over.execution_id;
    others.send(pool::deliver, id, std::move(over));
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
  send_started();
  draining_ = true;
  if (room_->taken() == 0)
    message.done(true);
  else
    drained_.push_back(message.done);
}

} // namespace cued::actors

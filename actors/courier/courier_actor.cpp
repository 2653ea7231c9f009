#include "actors/courier/courier_actor.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/courier/notice_composer.hpp"
#include "actors/courier/notice_verdict.hpp"

namespace cued::actors {
namespace {

/// While Postgres is away, results are tried again after this long.
constexpr std::chrono::milliseconds retry_pause{250};
/// Beyond this many the oldest are let go; their notices are sent again.
constexpr std::size_t results_kept_at_most = 1'000;

} // namespace

courier_actor::courier_actor(caf::actor_config& config, std::unique_ptr<persistence::notice_store> store,
                             webhook_sender& webhooks, notifier& post, const time_source& clock,
                             const directory& others, probe& probe, courier_settings settings)
    : pool_member{config}, over_{others.notices_over()}, store_{std::move(store)}, webhooks_{webhooks},
      letters_{post, clock, settings.shared}, clock_{clock}, others_{others}, probe_{probe}, settings_{settings} {}

caf::behavior courier_actor::make_behavior() {
  delayed_send(this, std::chrono::milliseconds{0}, tick_message{});
  return {
      [this](notice_written_message) { arm(); },
      [this](tick_message) { on_tick(); },
      [this](flush_message) { on_flush(); },
      [this](const drain_message& m) { on_drain(m); },
  };
}

void courier_actor::arm() {
  if (armed_)
    return;
  armed_ = true;
  send(this, flush_message{});
}

void courier_actor::on_tick() {
  if (draining_)
    return;
  if (const auto counts = store_->counts(clock_.now()))
    probe_.notices_pending(static_cast<std::size_t>(counts->pending));
  arm();
  delayed_send(this, settings_.look_every, tick_message{});
}

void courier_actor::on_exit() {
  for (auto& one : results_)
    if (!std::exchange(one.inherited, true))
      over_.put(std::move(one));
}

void courier_actor::take_in_what_is_over() {
  over_.take(just_arrived_);
  for (auto& one : just_arrived_) {
    under_way_.erase(one.result.id); // not there if its sender was this actor's predecessor
    keep_result(std::move(one));
  }
  just_arrived_.clear();
}

void courier_actor::keep_result(notice_over_message over) {
  if (!over.inherited) {
    probe_.notice(over.kind, over.result.what);
    if (over.result.what == persistence::notice_result::verdict::failed)
      spdlog::warn("notice {} ({}) was given up: {}", over.result.id, persistence::name_of(over.kind),
                   over.result.last_error.value_or("unknown"));
  }
  if (results_.size() >= results_kept_at_most)
    results_.pop_front();
  results_.push_back(std::move(over));
}

void courier_actor::on_flush() {
  armed_ = false;
  take_in_what_is_over();
  if (!write_results())
    return look_again_after(retry_pause);
  if (draining_)
    return answer_drained();
  take_and_send();
}

void courier_actor::look_again_after(std::chrono::milliseconds pause) {
  armed_ = true;
  delayed_send(this, pause, flush_message{});
}

/// False if Postgres is away. A result that it refuses spoils the others of its batch, so then each goes alone.
bool courier_actor::write_results() {
  if (results_.empty())
    return true;
  const auto now = clock_.now();
  std::vector<persistence::notice_result> results;
  results.reserve(results_.size());
  for (const auto& one : results_)
    results.push_back(one.result);
  const auto written = store_->finish(results, now);
  if (!written && written.error().status == 503)
    return false;
  if (!written)
    return write_results_one_by_one(now);
  results_.clear();
  return true;
}

bool courier_actor::write_results_one_by_one(instant now) {
  while (!results_.empty()) {
    show_life();
    const auto written = store_->finish({results_.front().result}, now);
    if (!written && written.error().status == 503)
      return false;
    if (!written)
      spdlog::error("the result of notice {} cannot be recorded; it will be sent again", results_.front().result.id);
    results_.pop_front();
  }
  return true;
}

void courier_actor::take_and_send() {
  if (under_way_.size() >= settings_.in_flight_at_most)
    return;
  show_life();
  std::set<std::string> busy;
  for (const auto& [id, user] : under_way_)
    busy.insert(user);
  persistence::notice_batch wanted;
  wanted.at_most = settings_.in_flight_at_most - under_way_.size();
  wanted.per_user_at_most = settings_.in_flight_per_user_at_most;
  wanted.not_of.assign(busy.begin(), busy.end());
  wanted.attempts_at_most = notice_attempts_at_most;
  const auto taken = store_->take(wanted, clock_.now());
  if (!taken || taken->empty())
    return; // the next look comes by itself
  for (const auto& notice : *taken)
    send_notice(notice);
  arm(); // there may be more, and what cannot be composed is over already
}

void courier_actor::send_notice(const persistence::started_notice& notice) {
  using verdict = persistence::notice_result::verdict;
  const auto over = [kind = notice.kind, &others = others_](persistence::notice_result result) {
    others.notice_over({kind, std::move(result)});
  };
  if (notice.kind == persistence::notice_kind::mail) {
    under_way_.emplace(notice.id, notice.user_id);
    return letters_.send(notice, over);
  }
  auto request = compose_notice(notice, clock_.now(), settings_.deadline);
  if (!request) {
    const bool unwanted = request.error().code == "notice_unwanted";
    return keep_result(
        {notice.kind, give_up_notice(notice, unwanted ? verdict::dropped : verdict::failed, request.error().message)});
  }
  under_way_.emplace(notice.id, notice.user_id);
  webhooks_.send(std::move(*request), [notice, over, &clock = clock_](const webhook_response& response) {
    over(judge_notice(notice, response, clock.now()));
  });
}

void courier_actor::on_drain(const drain_message& message) {
  draining_ = true;
  drained_.push_back(message.done);
  arm();
}

void courier_actor::answer_drained() {
  if (!under_way_.empty() || !results_.empty())
    return;
  for (const auto& answer : drained_)
    answer(true);
  drained_.clear();
}

} // namespace cued::actors

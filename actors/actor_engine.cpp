#include "actors/actor_engine.hpp"

#include <condition_variable>
#include <random>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include "actors/claim/claim_actor.hpp"
#include "actors/clock/cue_clock.hpp"
#include "actors/clock/deadline_clock.hpp"
#include "actors/courier/courier_actor.hpp"
#include "actors/deliver/deliver_actor.hpp"
#include "actors/directory.hpp"
#include "actors/outcome/outcome_actor.hpp"
#include "actors/probe.hpp"
#include "actors/supervisor/end_in_time.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "actors/tenant/tenant_actor.hpp"
#include "actors/tenant/waiting_room.hpp"

namespace cued::actors {
namespace {

struct system_config : caf::actor_system_config {
  explicit system_config(const engine_settings& settings) {
    if (settings.stepwise) {
      set("scheduler.policy", caf::atom("testing"));
      return;
    }
    // Only tenants and the supervisor are cooperative, and they only pass messages on: two threads are plenty.
    set("scheduler.max-threads", 2);
    set("scheduler.policy", caf::atom("sharing"));
  }
};

/// How many requests of each tenant are inside the engine: what keeps mailboxes bounded.
class admission {
public:
  explicit admission(std::size_t at_most) : at_most_{at_most} {}

  /// True if the tenant has not too many pending; `answer` then gives its place back.
  template <class T>
  bool admit(const std::string& user_id, reply<T>& answer) {
    auto count = count_of(user_id);
    if (count->fetch_add(1) >= at_most_) {
      count->fetch_sub(1);
      return false;
    }
    answer.take(seat{std::move(count)});
    return true;
  }

private:
  using counter = seat::counter;
  struct part {
    std::mutex mutex;
    std::unordered_map<std::string, counter> counts;
  };

  counter count_of(const std::string& user_id) {
    auto& home = parts_[directory::shard_of(user_id, parts_.size())];
    const std::lock_guard lock{home.mutex};
    auto& count = home.counts[user_id];
    if (!count)
      count = std::make_shared<std::atomic<std::size_t>>(0);
    return count;
  }

  std::size_t at_most_;
  std::array<part, 16> parts_;
};

error too_many_pending() { return unavailable("Too many of your requests are pending; slow down"); }

} // namespace

struct actor_engine::parts {
  parts(engine_settings s, store_makers m, webhook_sender& w, notifier& l, const time_source& c,
        prometheus::Registry& r, clock_pulse& p)
      : settings{std::move(s)}, stores{std::move(m)}, sender{w}, letters{l}, clock{c}, pulse{p}, metrics{r},
        everybody{{settings.shards, settings.shards, settings.shards, settings.shards, 1, 1}},
        gate{settings.pending_per_tenant_at_most}, config{settings}, system{config} {
    const auto share = [this](std::size_t total) {
      return std::max<std::size_t>(1, (total + settings.shards - 1) / settings.shards);
    };
    for (std::size_t i = 0; i < settings.shards; ++i)
      rooms.push_back(std::make_shared<delivery_room>(
          deliver_limits{share(settings.webhooks_in_flight), share(settings.webhooks_in_flight_per_tenant)}));
  }

  std::unordered_map<pool, member_maker> makers();
  /// Members block in Postgres, so they have threads of their own, if there are threads.
  template <class Member, class... Args>
  caf::actor spawn(caf::event_based_actor& by, Args&&... args) {
    return settings.stepwise ? by.spawn<Member>(std::forward<Args>(args)...)
                             : by.spawn<Member, caf::detached>(std::forward<Args>(args)...);
  }

  engine_settings settings;
  store_makers stores;
  webhook_sender& sender;
  notifier& letters;
  const time_source& clock;
  clock_pulse& pulse;
  probe metrics;
  trouble_board troubles;
  directory everybody;
  delivery_rooms rooms;
  admission gate;
  system_config config;
  caf::actor_system system;
  caf::actor head; ///< the supervisor
};

std::unordered_map<pool, member_maker> actor_engine::parts::makers() {
  std::unordered_map<pool, member_maker> out;
  out[pool::claim] = [this](caf::event_based_actor& by, std::size_t index) -> caf::actor {
    return spawn<claim_actor>(by, stores.claim(), clock, everybody, index, metrics, settings.batch_rows);
  };
  out[pool::outcome] = [this](caf::event_based_actor& by, std::size_t index) -> caf::actor {
    return spawn<outcome_actor>(by, stores.outcome(), clock, everybody, index, metrics, settings.batch_rows,
                                settings.new_seed ? settings.new_seed() : std::random_device{}());
  };
  out[pool::deliver] = [this](caf::event_based_actor& by, std::size_t index) -> caf::actor {
    return spawn<deliver_actor>(by, stores.delivery(), sender, clock, everybody, index, metrics, rooms[index],
                                settings.webhook_deadline);
  };
  out[pool::cue_clock] = [this](caf::event_based_actor& by, std::size_t index) -> caf::actor {
    cue_clock_settings s{
        index, settings.shards, settings.poll_interval, settings.dst_overlap, settings.new_execution_id, settings.seat};
    return spawn<cue_clock>(by, stores.clock(), clock, everybody, rooms, metrics, pulse, std::move(s));
  };
  out[pool::deadline_clock] = [this](caf::event_based_actor& by, std::size_t) -> caf::actor {
    deadline_clock_settings s{settings.poll_interval, settings.stale_after, settings.sole_owner_since, settings.seat};
    return spawn<deadline_clock>(by, stores.deadline(), clock, everybody, metrics, s);
  };
  out[pool::courier] = [this](caf::event_based_actor& by, std::size_t) -> caf::actor {
    courier_settings s;
    s.look_every = settings.poll_interval;
    s.shared = settings.shared;
    return spawn<courier_actor>(by, stores.notices(), sender, letters, clock, everybody, metrics, s);
  };
  return out;
}

actor_engine::actor_engine(engine_settings settings, store_makers stores, webhook_sender& sender, notifier& letters,
                           const time_source& clock, prometheus::Registry& metrics, clock_pulse& pulse,
                           std::function<void(std::string)> on_hopeless)
    : parts_{std::make_unique<parts>(std::move(settings), std::move(stores), sender, letters, clock, metrics, pulse)} {
  auto& p = *parts_;
  auto* const stepwise = p.settings.stepwise;
  if (stepwise)
    stepwise->adopt(p.system);
  p.head = p.system.spawn<supervisor>(std::ref(p.everybody), p.makers(), std::ref(p.metrics), std::ref(p.troubles),
                                      p.settings.restarts, p.settings.watch, std::move(on_hopeless));
  // Whoever asks again after that reaches the successor of the one that was stuck.
  const auto patience = p.settings.watch.stuck_after + 2 * p.settings.watch.look_every;
  p.everybody.on_tenant_wanted([&p, patience](const std::string& user_id) {
    auto tenant = p.system.spawn<tenant_actor>(user_id, std::ref(p.everybody), std::cref(p.clock),
                                               std::chrono::milliseconds{p.settings.poll_interval}, patience);
    caf::anon_send(p.head, watch_tenant_message{user_id, caf::actor{tenant}});
    return caf::actor{tenant};
  });
  // The first request must find everybody in place.
  if (stepwise) {
    stepwise->run_until([&p] { return p.everybody.complete(); });
    return;
  }
  caf::scoped_actor self{p.system};
  self->request(p.head, caf::infinite, caf::get_atom::value)
      .receive([](bool) {}, [](const caf::error&) { spdlog::critical("the supervisor did not start"); });
}

actor_engine::~actor_engine() {
  auto& p = *parts_;
  if (p.head)
    drain(std::chrono::milliseconds{0});
  if (p.settings.stepwise)
    p.settings.stepwise->run_until([&p] { return p.system.registry().running() == 0; });
  const end_in_time limit{p.settings.watch.farewell, names_of(troubles())};
  parts_.reset();
}

std::vector<member_trouble> actor_engine::troubles() const { return parts_->troubles.read(); }

void actor_engine::claim(claim_request request, reply<claim_grant> answer) {
  if (!parts_->gate.admit(request.user_id, answer))
    return answer(fail(too_many_pending()));
  if (request.execution_id.empty())
    return claim_next(std::move(request), 1, reply<claim_grants>{[answer](result<claim_grants> won) {
                        answer(std::move(won).map([](claim_grants&& one) { return std::move(one.front()); }));
                      }});
  parts_->everybody.claim({std::move(request), std::move(answer)});
}

void actor_engine::claim_many(claim_request request, std::size_t at_most, reply<claim_grants> answer) {
  if (!parts_->gate.admit(request.user_id, answer))
    return answer(fail(too_many_pending()));
  claim_next(std::move(request), at_most, reply<claim_grants>{[answer](result<claim_grants> won) {
               const bool nothing = !won && won.error().code == nothing_to_claim().code;
               answer(nothing ? result<claim_grants>{} : std::move(won));
             }});
}

void actor_engine::claim_next(claim_request request, std::size_t at_most, reply<claim_grants> answer) {
  const auto tenant = request.user_id;
  parts_->everybody.send_tenant(tenant, claim_next_message{std::move(request), at_most, std::move(answer)});
}

void actor_engine::wait_ready(const std::string& user_id, std::optional<std::uint64_t> seen,
                              std::chrono::milliseconds wait, reply<std::uint64_t> answer) {
  if (!parts_->gate.admit(user_id, answer))
    return answer(fail(too_many_pending()));
  parts_->everybody.send_tenant(user_id,
                                wait_ready_message{seen, parts_->system.clock().now() + wait, std::move(answer)});
}

void actor_engine::answer_waiting() { parts_->everybody.close_waiting(); }

void actor_engine::report_outcome(outcome_report report, reply<outcome_receipt> answer) {
  if (!parts_->gate.admit(report.user_id, answer))
    return answer(fail(too_many_pending()));
  parts_->everybody.report({std::move(report), std::move(answer)});
}

void actor_engine::report_outcomes(std::vector<outcome_report> reports, reply<outcome_receipts> answer) {
  if (reports.empty())
    return answer(outcome_receipts{});
  if (!parts_->gate.admit(reports.front().user_id, answer))
    return answer(fail(too_many_pending()));
  auto replies =
      gather<outcome_receipt>(reports.size(), [answer](outcome_receipts receipts) { answer(std::move(receipts)); });
  std::vector<outcome_message> messages;
  messages.reserve(reports.size());
  for (std::size_t i = 0; i < reports.size(); ++i)
    messages.push_back({std::move(reports[i]), std::move(replies[i])});
  parts_->everybody.report(std::move(messages));
}

void actor_engine::cue_changed(const std::string& cue_id) {
  parts_->everybody.send_all(pool::cue_clock, cue_changed_message{cue_id});
}

void actor_engine::execution_created(const std::string& user_id, const std::string& execution_id, bool webhook,
                                     instant due) {
  const bool now = due <= parts_->clock.now();
  if (!webhook) {
    if (now)
      parts_->everybody.send_present_tenant(user_id, became_ready_message{{{due, execution_id}}});
    else
      parts_->everybody.send_present_tenant(user_id, wake_at_message{due});
    return;
  }
  if (now)
    parts_->everybody.deliver({{execution_id, user_id}});
  else
    parts_->everybody.send_all(pool::deadline_clock, wake_at_message{due});
}

std::vector<persistence::cut_off_delivery> actor_engine::cut_off_deliveries() const {
  return parts_->everybody.take_cut_off();
}

bool actor_engine::drain(std::chrono::milliseconds patience) {
  const auto until = parts_->system.clock().now() + patience;
  auto& everybody = parts_->everybody;
  everybody.close_waiting();
  const auto wait_for = [&](pool which) {
    struct count {
      std::mutex mutex;
      std::condition_variable changed;
      std::size_t open = 0;
      bool clean = true;
    };
    auto left = std::make_shared<count>();
    left->open = everybody.size(which);
    for (std::size_t i = 0; i < everybody.size(which); ++i) {
      reply<bool> done{[left](result<bool> r) {
        const std::lock_guard lock{left->mutex};
        left->clean = left->clean && r.value_or(false);
        --left->open;
        left->changed.notify_all();
      }};
      if (const auto member = everybody.member(which, i))
        caf::anon_send(member, drain_message{std::move(done)});
    }
    if (auto* const stepwise = parts_->settings.stepwise) {
      stepwise->run_until([&] { return left->open == 0 || parts_->system.clock().now() >= until; });
      return left->open == 0 && left->clean;
    }
    std::unique_lock lock{left->mutex};
    return left->changed.wait_until(lock, until, [&] { return left->open == 0; }) && left->clean;
  };

  bool clean = true;
  for (const auto which :
       {pool::cue_clock, pool::deadline_clock, pool::deliver, pool::claim, pool::outcome, pool::courier})
    clean = wait_for(which) && clean;
  everybody.retire_all_tenants();
  caf::anon_send(parts_->head, shut_down_message{});
  parts_->head = {};
  return clean;
}

} // namespace cued::actors

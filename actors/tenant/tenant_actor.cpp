#include "actors/tenant/tenant_actor.hpp"

#include <algorithm>

namespace cued::actors {
namespace {

using namespace std::chrono_literals;

/// One look at the store brings at least this many, and for those who claim many at once, so many claims' worth.
constexpr std::size_t looked_ahead_at_least = 1000;
constexpr std::size_t looked_ahead_at_most = 10'000;
constexpr std::size_t claims_per_look = 10;
/// With less than one part in so many left the list is filled up before it runs dry.
constexpr std::size_t low_part = 4;
constexpr std::chrono::minutes idle_after{10};
/// Requests of one tenant that wait for something to come. Each holds a connection of the HTTP server.
constexpr std::size_t waiting_at_most = 1000;

error too_many_wait() { return unavailable("Too many of your requests wait for executions"); }

} // namespace

tenant_actor::tenant_actor(caf::actor_config& config, std::string user_id, directory& others, const time_source& clock,
                           std::chrono::milliseconds look_every, std::chrono::milliseconds fetch_patience)
    : pool_member{config}, user_id_{std::move(user_id)}, others_{others}, clock_{clock}, look_every_{look_every},
      fetch_patience_{fetch_patience}, news_{static_cast<std::uint64_t>(steady_now().time_since_epoch().count())} {}

caf::behavior tenant_actor::make_behavior() {
  delayed_send(this, idle_after, idle_check_message{});
  return {
      [this](claim_next_message& m) { on_claim_next(m); },
      [this](wait_ready_message& m) { on_wait_ready(m); },
      [this](const taken_message& m) { on_taken(m); },
      [this](const became_ready_message& m) { on_became_ready(m); },
      [this](ready_fetched_message& m) { on_ready_fetched(m); },
      [this](claims_settled_message& m) { on_claims_settled(m); },
      [this](wake_at_message m) { on_wake_at(m); },
      [this](tick_message m) { on_tick(m); },
      [this](stop_waiting_message) { on_stop_waiting(); },
      [this](idle_check_message) { on_idle_check(); },
      [this](retire_message) { on_retire(); },
  };
}

void tenant_actor::on_exit() {
  attempts_.clear();
  waiting_.leave();
  news_.close();
}

// -- requests ---------------------------------------------------------------

void tenant_actor::on_claim_next(claim_next_message& message) {
  ++messages_;
  const auto wait = others_.waiting_closed() ? 0ms : message.request.wait;
  if (wait > 0ms && is_full())
    return message.answer(fail(too_many_wait()));
  appetite_ = std::max(appetite_, message.at_most);
  waiting_.enter({std::move(message), steady_now() + wait, fetches_begun_});
  look_wanted_ = look_wanted_ || ready_.empty();
  serve_waiting();
}

void tenant_actor::on_wait_ready(wait_ready_message& message) {
  ++messages_;
  if (message.seen && is_full())
    return message.answer(fail(too_many_wait()));
  const auto now = steady_now();
  news_.listen(message.seen, others_.waiting_closed() ? now : message.until, std::move(message.answer));
  look_wanted_ = look_wanted_ || now >= next_look_ || !next_due_is_known();
  serve_waiting();
}

bool tenant_actor::is_full() const { return waiting_.size() + news_.size() >= waiting_at_most; }

// -- the ready list -----------------------------------------------------------

void tenant_actor::on_taken(const taken_message& message) {
  ++messages_;
  for (const auto& id : message.execution_ids)
    ready_.remove(id);
  let_go(message.execution_ids);
}

void tenant_actor::on_became_ready(const became_ready_message& message) {
  ++messages_;
  for (const auto& r : message.executions) {
    more_in_store_ = more_in_store_ || ready_.size() >= looked_ahead_at_most;
    // Beyond the end of a list that was cut the store is the better memory.
    const bool beyond_the_cut = more_in_store_ && !ready_.empty() && ready_.all_before(r.scheduled_for);
    if (!beyond_the_cut && !in_flight_.contains(r.execution_id))
      ready_.add(r);
  }
  news_.post();
  serve_waiting();
}

void tenant_actor::serve_waiting() {
  while (!ready_.empty()) {
    auto guest = waiting_.next();
    if (!guest)
      break;
    auto ids = ready_.take(guest->message.at_most);
    claim_for(std::move(*guest), std::move(ids));
  }
  news_.tell(steady_now());
  const bool look = look_wanted_ && somebody_waits();
  const bool refill = more_in_store_ && !retiring_ && ready_.size() < look_ahead() / low_part;
  if (!fetching_ && (look || refill))
    fetch();
  arm();
}

/// All of them at once, each in its shard; what comes of them comes back as one message.
void tenant_actor::claim_for(waiting_room::guest guest, std::vector<std::string> execution_ids) {
  const auto number = ++attempts_begun_;
  auto unheard = [&others = others_, user = user_id_,
                  worker = guest.message.request.worker_id](const settled_claims::answers& answers) {
    std::vector<persistence::held_claim> held;
    for (const auto& won : answers)
      if (won)
        held.push_back({user, won->execution_id, worker, won->claimed_at});
    others.doubt(std::move(held));
  };
  auto settled = [self = caf::actor_cast<caf::actor>(this), number, unheard](settled_claims::answers answers) {
    caf::anon_send(self, claims_settled_message{number, std::make_shared<settled_claims>(std::move(answers), unheard)});
  };
  const auto replies = gather<claim_grant>(execution_ids.size(), std::move(settled));
  const auto& asked = guest.message.request;
  std::vector<claim_message> claims;
  claims.reserve(execution_ids.size());
  for (std::size_t i = 0; i < execution_ids.size(); ++i) {
    in_flight_.insert(execution_ids[i]);
    claim_request one{user_id_, execution_ids[i], asked.worker_id};
    one.with_work = asked.with_work;
    one.abandoned = asked.abandoned;
    claims.push_back({std::move(one), replies[i], false});
  }
  attempts_.emplace(number, attempt{std::move(guest), std::move(execution_ids)});
  others_.claim(std::move(claims));
}

/// What was won is answered; if nothing was, because of others, the guest keeps his place for the next, if there is
/// any.
void tenant_actor::on_claims_settled(claims_settled_message& message) {
  auto settled = attempts_.extract(message.attempt);
  auto& [guest, execution_ids] = settled.mapped();
  for (const auto& id : execution_ids)
    in_flight_.erase(id);
  let_go(execution_ids);

  if (is_abandoned(guest.message.request)) { // what was won is given back with the message
    guest.message.answer(fail(nothing_to_claim()));
    return leave_if_done();
  }
  claim_grants won;
  const error* failure = nullptr;
  auto answers = message.answers->take();
  for (auto& answer : answers) {
    if (answer)
      won.push_back(std::move(*answer));
    else if (answer.error().code != "claim_failed")
      failure = &answer.error();
  }
  if (!won.empty()) {
    guest.message.answer(std::move(won));
  } else if (failure) {
    guest.message.answer(fail(*failure));
  } else {
    if (others_.waiting_closed())
      guest.until = steady_now();
    guest.looks_begun = fetches_begun_;
    waiting_.enter_again(std::move(guest));
    look_wanted_ = look_wanted_ || ready_.empty();
    if (retiring_)
      hand_over_to_successor();
    serve_waiting();
  }
  leave_if_done();
}

void tenant_actor::let_go(const std::vector<std::string>& execution_ids) {
  if (fetching_)
    gone_meanwhile_.insert(execution_ids.begin(), execution_ids.end());
}

std::size_t tenant_actor::look_ahead() const {
  return std::clamp(appetite_ * claims_per_look, looked_ahead_at_least, looked_ahead_at_most);
}

void tenant_actor::fetch() {
  fetching_ = true;
  fetch_until_ = steady_now() + fetch_patience_;
  look_wanted_ = false;
  looked_ahead_ = look_ahead() + in_flight_.size(); // which the store may still believe ready
  const auto number = ++fetches_begun_;
  const bool next_due_too = !news_.empty() || waiting_.due(steady_now()) != steady::time_point::max();
  next_due_asked_ = next_due_asked_ || next_due_too;
  fetch_ready_message question{
      user_id_, looked_ahead_, next_due_too,
      reply<ready_list>{[self = caf::actor_cast<caf::actor>(this), number](result<ready_list> found) {
        caf::anon_send(self, ready_fetched_message{number, std::move(found)});
      }}};
  others_.send(pool::claim, user_id_, std::move(question));
}

void tenant_actor::on_ready_fetched(ready_fetched_message& message) {
  if (!fetching_ || message.fetch != fetches_begun_)
    return; // it was not waited for any more
  fetching_ = false;
  fetches_done_ = message.fetch;
  const auto now = steady_now();
  next_look_ = now + look_every_;
  more_in_store_ = message.found && message.found->executions.size() >= looked_ahead_;
  if (message.found) {
    for (auto& r : message.found->executions)
      if (!in_flight_.contains(r.execution_id) && !gone_meanwhile_.contains(r.execution_id))
        ready_.add(std::move(r));
    if (!message.found->executions.empty())
      news_.post();
    note_next_due(message.found->next_due);
  } else {
    waiting_.tell_failure(fetches_done_, message.found.error());
  }
  gone_meanwhile_.clear();
  serve_waiting();
  // Those who wait longer were served first, so what was found may be gone again.
  if (message.found && ready_.empty() && !more_in_store_)
    waiting_.send_away(fetches_done_, now);
  leave_if_done();
}

// -- waiting for what is still to come ------------------------------------------

/// What was announced while the store was being asked stays known.
void tenant_actor::note_next_due(const std::optional<instant>& found) {
  if (next_due_ && *next_due_ <= clock_.now())
    next_due_.reset();
  if (found && (!next_due_ || *found < *next_due_))
    next_due_ = found;
}

bool tenant_actor::next_due_is_known() const { return next_due_asked_ && (!next_due_ || *next_due_ > clock_.now()); }

void tenant_actor::on_wake_at(wake_at_message message) {
  if (!next_due_ || message.when < *next_due_)
    next_due_ = message.when;
  arm();
}

void tenant_actor::arm() {
  if (!somebody_waits())
    return;
  const auto now = steady_now();
  auto at = std::min(waiting_.due(now), news_.due());
  if (fetching_) {
    at = std::min(at, fetch_until_);
  } else { // else the end of the fetch comes here again
    at = std::min(at, next_look_);
    if (next_due_)
      at = std::min(at, now + std::max(*next_due_ - clock_.now(), std::chrono::microseconds{0}));
  }
  at = std::max(at, now);
  if (at >= armed_for_)
    return;
  armed_for_ = at;
  delayed_send(this, std::chrono::ceil<std::chrono::microseconds>(at - now), tick_message{++generation_});
}

void tenant_actor::on_tick(tick_message message) {
  if (message.generation != generation_)
    return;
  armed_for_ = steady::time_point::max();
  const auto now = steady_now();
  if (fetching_ && now >= fetch_until_) {
    ready_fetched_message lost{fetches_begun_, fail(unavailable("The part of the server that was asked is stuck"))};
    return on_ready_fetched(lost);
  }
  waiting_.send_away(fetches_done_, now);
  if (now >= next_look_ || (next_due_ && *next_due_ <= clock_.now()))
    look_wanted_ = true;
  serve_waiting();
  leave_if_done();
}

void tenant_actor::on_stop_waiting() {
  waiting_.close(steady_now());
  news_.close();
  leave_if_done();
}

// -- life -------------------------------------------------------------------------

void tenant_actor::on_idle_check() {
  if (messages_ == messages_at_last_check_ && !somebody_waits() && attempts_.empty())
    return others_.retire_tenant(user_id_);
  messages_at_last_check_ = messages_;
  appetite_ = 1;
  delayed_send(this, idle_after, idle_check_message{});
}

void tenant_actor::on_retire() {
  retiring_ = true;
  news_.close(); // they ask again, and reach the successor
  hand_over_to_successor();
  leave_if_done();
}

/// News go to the tenant that the directory knows, so nobody should wait here. After the last retirement there is none.
void tenant_actor::hand_over_to_successor() {
  if (others_.waiting_closed())
    return;
  const auto now = steady_now();
  for (auto& guest : waiting_.leave()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(guest.until - now);
    guest.message.request.wait = std::max(left, 0ms);
    others_.send_tenant(user_id_, std::move(guest.message));
  }
}

void tenant_actor::leave_if_done() {
  if (retiring_ && !somebody_waits() && attempts_.empty() && !fetching_)
    quit();
}

} // namespace cued::actors
